using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Idempotency;
using MlopsGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace MlopsGrains.Gateway.Tests.Idempotency;

/// <summary>Creations that come again with their key.</summary>
public sealed class IdempotencyTests(ServerFixture server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly (string Path, string Body)[] Creations =
    [
        ("/api/2.0/mlflow/runs/create", """{"experiment_id":"0","tags":[{"key":"u","value":"UNIQUE"}]}"""),
        ("/ajax-api/2.0/mlflow/runs/create", """{"experiment_id":"0","tags":[{"key":"u","value":"UNIQUE"}]}"""),
        ("/api/v1/runs", """{"experimentId":"0","runName":"UNIQUE"}"""),
        ("/api/2.0/mlflow/experiments/create", """{"name":"UNIQUE"}"""),
        ("/api/v1/experiments", """{"name":"UNIQUE"}"""),
        ("/api/2.0/mlflow/registered-models/create", """{"name":"UNIQUE"}"""),
        ("/api/v1/models", """{"name":"UNIQUE"}"""),
        ("/api/2.0/mlflow/model-versions/create", """{"name":"parent","source":"s3://b/UNIQUE"}"""),
        ("/api/2.0/mlflow/webhooks", """{"name":"UNIQUE","url":"https://example.com/UNIQUE","events":[{"entity":"REGISTERED_MODEL","action":"CREATED"}]}"""),
        ("/api/2.0/mlflow/logged-models", """{"experiment_id":"0","name":"UNIQUE"}"""),
    ];

    /// <summary>One server and one restart for all of them: a server a creation took a minute.</summary>
    [Fact]
    public async Task SameKey_GivesTheFirstAnswer_AlsoToManyAtOnce_AndAfterARestart()
    {
        using var directory = new TempDirectory();
        var firsts = new List<(string Path, string Body, string Key, string Answer)>();
        await using (var app = await ServerFixture.StartAsync(directory.Path))
        {
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            await PostAsync(http, "/api/v1/models", """{"name":"parent"}""");
            foreach (var (path, body) in Creations.Select(Unique))
            {
                var key = Guid.NewGuid().ToString("N");
                var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync(http, path, body, key)));
                Assert.All(answers, a => Assert.True(a.Status is 200 or 201, $"{path}: {a.Status} {a.Body}"));
                var first = Assert.Single(answers.Select(a => $"{a.Status} {a.Location} {a.Body}").Distinct());
                firsts.Add((path, body, key, first));

                var (status, refused, _) = await PostAsync(http, path, body.Insert(body.Length - 1, " "), key);
                Assert.True(status == 400 && refused.Contains("Idempotency-Key", StringComparison.Ordinal), $"{path}: {status} {refused}");
                var other = await PostAsync(http, path, body, Guid.NewGuid().ToString("N"));
                Assert.NotEqual(first, $"{other.Status} {other.Location} {other.Body}");
            }

            await app.StopAsync(Token);
        }

        await using (var app = await ServerFixture.StartAsync(directory.Path))
        {
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            foreach (var (path, body, key, first) in firsts)
            {
                var again = await PostAsync(http, path, body, key);
                Assert.Equal($"{path}: {first}", $"{path}: {again.Status} {again.Location} {again.Body}");
            }

            await app.StopAsync(Token);
        }
    }

    /// <summary>A process that dies after the creation and before its answer is kept: the repeat has to find what is there.</summary>
    [Fact]
    public async Task AnswerThatWasNeverKept_IsFoundAgain_ByWhatWasCreated()
    {
        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b => b.Services.AddSingleton<IGrainFactory>(s => ForgetfulStores.Over(s.GetRequiredService<IClusterClient>())));
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await PostAsync(http, "/api/v1/models", """{"name":"parent"}""");
        foreach (var (path, body) in Creations.Select(Unique))
        {
            var key = Guid.NewGuid().ToString("N");
            var first = await PostAsync(http, path, body, key);
            var again = await PostAsync(http, path, body, key);

            Assert.Equal($"{path}: {first.Status} {IdOf(first.Body)}", $"{path}: {again.Status} {IdOf(again.Body)}");
        }

        await app.StopAsync(Token);
    }

    [Fact]
    public async Task RefusedCreation_LeavesItsKeyFree()
    {
        var name = "e-" + Guid.NewGuid().ToString("N");
        var key = Guid.NewGuid().ToString("N");
        await new MlflowCaller(server.Http).DoAsync("/mlflow/experiments/create", new { name });

        Assert.Equal(400, (await PostAsync(server.Http, "/api/2.0/mlflow/experiments/create", $$"""{"name":"{{name}}"}""", key)).Status);
        Assert.Equal(200, (await PostAsync(server.Http, "/api/2.0/mlflow/experiments/create", $$"""{"name":"{{name}}2"}""", key)).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("256")]
    public async Task BadKey_IsRefusedByName(string key)
    {
        var (status, body, _) = await PostAsync(server.Http, "/api/v1/runs", """{"experimentId":"0"}""", key == "256" ? new string('k', 256) : key);

        Assert.Equal(400, status);
        Assert.Contains("Idempotency-Key", body, StringComparison.Ordinal);
        Assert.Equal(201, (await PostAsync(server.Http, "/api/v1/runs", """{"experimentId":"0"}""", new string('k', 255))).Status);
    }

    [Fact]
    public async Task Key_IsOnePrincipals()
    {
        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b =>
        {
            foreach (var (name, i) in new[] { "ada", "bob" }.Select((n, i) => (n, i)))
            {
                b.Configuration[$"Authentication:ApiKeys:{i}:Name"] = name;
                b.Configuration[$"Authentication:ApiKeys:{i}:KeySha256"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            }
        });
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        async Task<string> CreateAsync(string user)
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", user);
            return IdOf((await PostAsync(http, "/api/2.0/mlflow/runs/create", """{"experiment_id":"0"}""", "k")).Body);
        }

        var ada = await CreateAsync("ada");
        Assert.NotEqual(ada, await CreateAsync("bob"));
        Assert.Equal(ada, await CreateAsync("ada"));
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task EqualRuns_AreTwo_UnlessTheOperatorAskedOtherwise()
    {
        const string Path = "/api/2.0/mlflow/runs/create";
        var body = $$"""{"experiment_id":"0","start_time":1700000000000,"run_name":"{{Guid.NewGuid():N}}"}""";
        Assert.NotEqual(IdOf((await PostAsync(server.Http, Path, body)).Body), IdOf((await PostAsync(server.Http, Path, body)).Body));

        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b => b.Configuration["Gateway:RepeatedRunWindow"] = "00:05:00");
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var first = IdOf((await PostAsync(http, Path, body)).Body);
        Assert.Equal(first, IdOf((await PostAsync(http, Path, body)).Body));
        Assert.NotEqual(first, IdOf((await PostAsync(http, Path, body.Replace("00000\"", "00001\"", StringComparison.Ordinal).Replace("1700000000000", "1700000000001", StringComparison.Ordinal))).Body));
        Assert.Equal(400, (await PostAsync(http, "/api/2.0/mlflow/experiments/create", """{"name":"Default"}""")).Status);
        await app.StopAsync(Token);
    }

    private static (string Path, string Body) Unique((string Path, string Body) creation) =>
        (creation.Path, creation.Body.Replace("UNIQUE", Guid.NewGuid().ToString("N"), StringComparison.Ordinal));

    private static string IdOf(string body)
    {
        var json = JsonNode.Parse(body)!;
        return (string)(json["run"]?["info"]?["run_id"] ?? json["info"]?["runId"] ?? json["webhook"]?["webhook_id"] ?? json["registered_model"]?["name"] ?? json["model_version"]?["version"] ?? json["name"] ?? json["experiment_id"] ?? json["experimentId"] ?? json["model"]?["info"]?["model_id"])!;
    }

    private static async Task<(int Status, string Body, string? Location)> PostAsync(HttpClient http, string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        using var answer = await http.SendAsync(request, Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Token), answer.Headers.Location?.ToString());
    }
}
