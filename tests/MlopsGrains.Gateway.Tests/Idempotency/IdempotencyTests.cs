using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Idempotency;

/// <summary>Creations that come again with their key.</summary>
public sealed partial class IdempotencyTests(ServerFixture server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private const string Csv = "x,UNIQUE\n1,2\n";

    private const string Version = """{"format":"mlnet","blob":BLOB,"signature":SIGNATURE,"lineage":{},"metrics":{"accuracy":0.97},"description":"UNIQUE"}""";

    private const string Pipeline = "name: UNIQUE\nsteps: [{name: load, uses: dataset/load, with: {dataset: parent}}]\n";

    /// <summary>Requests with a body that have nothing to create, or say by their address or their body what there will be, however often they come.</summary>
    private static readonly string[] Repeatable =
    [
        "search", "delete", "restore", "update", "set-", "log-", "outputs", "transition-stage", "rename", "alias", "upload-artifact", "/mpu/", "/presigned/", "batches", "heartbeat", "/{id}/keys", "/{id}/shares",
        "groups", "gc", "blobs", "validation", "cancel", "infer", "deliveries/retry", "/test", "graphql", "create-promptlab-run", "gateway-proxy", "/params", "/jobs/", "get-latest-versions", "session", "/sign-in", "/curves", "/acknowledge", "/silence", "/back-test",
    ];

    /// <summary>Nothing new is made of what is there already, whatever the key.</summary>
    [GeneratedRegex("^/api/v1/(datasets/.*|pipelines|deployments/[^/]*)$")]
    private static partial Regex SameIfEqual();

    /// <summary>Addresses, and what is sent to them.</summary>
    private static readonly (string Path, string Body)[] Creations =
    [
        ("/api/v1/datasets/UNIQUE/versions", Csv),
        ("/api/v1/pipelines", Pipeline),
        ("/api/v1/deployments/UNIQUE", """{"model":"parent","version":"1"}"""),
        ("/api/v1/pipelines/parent/runs", """{"cause":"UNIQUE"}"""),
        ("/api/2.0/mlflow/users/create", """{"username":"UNIQUE","password":"correct horse battery"}"""),
        ("/api/2.0/mlflow/experiments/permissions/create", """{"experiment_id":"0","username":"parent","permission":"EDIT"}"""),
        ("/api/2.0/mlflow/registered-models/permissions/create", """{"name":"parent","username":"parent","permission":"EDIT"}"""),
        ("/api/v1/models/parent/versions", Version),
        ("/api/v1/deployments/parent/rollback", ""),
        ("/api/v1/monitors/watched/alerts/ALERT/comments", """{"text":"UNIQUE"}"""),
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
        await using (var app = await StartAsync(directory.Path))
        {
            using var http = Client(app);
            foreach (var (path, body) in (await MakeParentsAsync(app, http)).Select(Unique))
            {
                var key = Guid.NewGuid().ToString("N");
                var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => SendAsync(http, path, body, key)));
                Assert.All(answers, a => Assert.True(a.Status is 200 or 201, $"{path}: {a.Status} {a.Body}"));
                var first = Assert.Single(answers.Select(a => $"{a.Status} {a.Location} {a.Body}").Distinct());
                firsts.Add((path, body, key, first));

                // A password is not compared, since nothing of it is kept; a name is.
                var different = path.EndsWith("users/create", StringComparison.Ordinal) ? body.Replace("\"username\":\"", "\"username\":\"x", StringComparison.Ordinal) : body + " ";
                var (status, refused, _) = await SendAsync(http, path, different, key);
                Assert.True(status == 400 && refused.Contains("Idempotency-Key", StringComparison.Ordinal), $"{path}: {status} {refused}");
                if (!SameIfEqual().IsMatch(path))
                {
                    var other = await SendAsync(http, path, body, Guid.NewGuid().ToString("N"));
                    Assert.NotEqual($"{path}: {first}", $"{path}: {other.Status} {other.Location} {other.Body}");
                }
            }

            await app.StopAsync(Token);
        }

        await using (var app = await StartAsync(directory.Path))
        {
            using var http = Client(app);
            foreach (var (path, body, key, first) in firsts)
            {
                var again = await SendAsync(http, path, body, key);
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
        await using var app = await StartAsync(directory.Path, b => b.Services.AddSingleton<IGrainFactory>(s => ForgetfulStores.Over(s.GetRequiredService<IClusterClient>())));
        using var http = Client(app);
        foreach (var (path, body) in (await MakeParentsAsync(app, http)).Select(Unique))
        {
            var key = Guid.NewGuid().ToString("N");
            var first = await SendAsync(http, path, body, key);
            var again = await SendAsync(http, path, body, key);

            Assert.Equal($"{path}: {first.Status} {IdOf(first.Body)}", $"{path}: {again.Status} {IdOf(again.Body)}");
        }

        await app.StopAsync(Token);
    }

    /// <summary>A dataset's version that was overtaken: the repeat of its upload must not make the older data the newest.</summary>
    [Fact]
    public async Task OvertakenCreation_IsNotRepeated()
    {
        var path = $"/api/v1/datasets/d-{Guid.NewGuid():N}/versions";
        await SendAsync(server.Http, path, "x\n1\n");
        await SendAsync(server.Http, path, "x\n1\n", "again");
        await SendAsync(server.Http, path, "x\n2\n", "newer");

        var (status, body, _) = await SendAsync(server.Http, path, "x\n1\n", "again");

        Assert.Equal((201, "1"), (status, IdOf(body)));
        Assert.Equal("2", IdOf(await server.Http.GetStringAsync(path + "/latest", Token)));
    }

    /// <summary>From the route table: whatever a request with a body makes is tried above, or said to be repeatable.</summary>
    [Fact]
    public async Task EveryDoorThatCreates_TakesAKey()
    {
        using var directory = new TempDirectory();
        await using var app = await StartAsync(directory.Path);
        var doors = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains("POST") == true || e.Metadata.GetMetadata<Creates>() is not null)
            .Select(e => (Path: "/" + e.RoutePattern.RawText!.TrimStart('/'), Creates: e.Metadata.GetMetadata<Creates>() is not null, e.RoutePattern))
            .ToList();

        Assert.Empty(doors.Where(d => !d.Creates && !Array.Exists(Repeatable, r => d.Path.Contains(r, StringComparison.Ordinal))).Select(d => d.Path));
        Assert.Empty(doors.Where(d => d.Creates && !d.Path.StartsWith("/ajax-api", StringComparison.Ordinal) && !Array.Exists(Creations, c => Matches(d.RoutePattern, c.Path))).Select(d => d.Path));
        await app.StopAsync(Token);
    }

    private static bool Matches(RoutePattern pattern, string path) =>
        new TemplateMatcher(new RouteTemplate(pattern), []).TryMatch(path, []);

    private static Task<WebApplication> StartAsync(string directory, Action<WebApplicationBuilder>? configure = null) => ServerFixture.StartAsync(directory, b =>
    {
        b.Configuration["Authentication:Administrator:Name"] = "root";
        b.Configuration["Authentication:Administrator:Password"] = "correct horse battery";
        b.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
        b.Configuration["Authentication:ApiKeys:0:KeySha256"] = Convert.ToHexString(SHA256.HashData("the key"u8));
        configure?.Invoke(b);
    });

    private static HttpClient Client(WebApplication app) => new() { BaseAddress = new Uri(app.Urls.First()), DefaultRequestHeaders = { Authorization = new("Bearer", "the key") } };

    /// <summary>What the creations are made in: a user, a dataset, a pipeline, a model with two versions and a deployment with two revisions, all of the same name.</summary>
    private static async Task<IEnumerable<(string Path, string Body)>> MakeParentsAsync(WebApplication app, HttpClient http)
    {
        var (file, signature) = TinyModels.Iris();
        var blob = await Deployed.Send(http, HttpMethod.Post, "/api/v1/blobs", new ByteArrayContent(file));
        var version = Version.Replace("BLOB", blob.GetRawText(), StringComparison.Ordinal)
            .Replace("SIGNATURE", JsonSerializer.Serialize(signature, JsonSerializerOptions.Web), StringComparison.Ordinal);
        foreach (var (path, body) in new[]
        {
            ("/api/2.0/mlflow/users/create", """{"username":"parent","password":"correct horse battery"}"""),
            ("/api/v1/datasets/parent/versions", "x\n1\n"),
            ("/api/v1/pipelines", Pipeline.Replace("UNIQUE", "parent", StringComparison.Ordinal)),
            ("/api/v1/models/parent/versions", version),
            ("/api/v1/deployments/parent", """{"model":"parent","version":"1"}"""),
            ("/api/v1/models/parent/versions", version.Replace("UNIQUE", "other", StringComparison.Ordinal)),
            ("/api/v1/deployments/parent", """{"model":"parent","version":"2"}"""),
        })
        {
            var (status, said, _) = await SendAsync(http, path, body);
            Assert.True(status is 200 or 201, $"{path}: {status} {said}");
        }

        var alert = await AlertAsync(app, http);
        return Creations.Select(c => (c.Path.Replace("ALERT", alert, StringComparison.Ordinal), c.Body == Version ? version : c.Body));
    }

    /// <summary>An open alert to comment on.</summary>
    private static async Task<string> AlertAsync(WebApplication app, HttpClient http)
    {
        var blob = await Deployed.Send(http, HttpMethod.Post, "/api/v1/blobs", new StringContent("x\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i}\n"))));
        await Deployed.Send(http, HttpMethod.Put, "/api/v1/monitors/watched", JsonContent.Create(new { referenceDigest = blob.GetProperty("digest").GetString(), features = new[] { "x" }, windowRows = 100, raiseAfter = 1 }));
        await WatchedTraffic.SendAsync(app.Services, "watched", 100, [true]);
        return (await Deployed.Send(http, HttpMethod.Get, "/api/v1/monitors/watched")).GetProperty("openAlert").GetProperty("alertId").GetString()!;
    }

    [Fact]
    public async Task RefusedCreation_LeavesItsKeyFree()
    {
        var name = "e-" + Guid.NewGuid().ToString("N");
        var key = Guid.NewGuid().ToString("N");
        await new MlflowCaller(server.Http).DoAsync("/mlflow/experiments/create", new { name });

        Assert.Equal(400, (await SendAsync(server.Http, "/api/2.0/mlflow/experiments/create", $$"""{"name":"{{name}}"}""", key)).Status);
        Assert.Equal(200, (await SendAsync(server.Http, "/api/2.0/mlflow/experiments/create", $$"""{"name":"{{name}}2"}""", key)).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("256")]
    public async Task BadKey_IsRefusedByName(string key)
    {
        var (status, body, _) = await SendAsync(server.Http, "/api/v1/runs", """{"experimentId":"0"}""", key == "256" ? new string('k', 256) : key);

        Assert.Equal(400, status);
        Assert.Contains("Idempotency-Key", body, StringComparison.Ordinal);
        Assert.Equal(201, (await SendAsync(server.Http, "/api/v1/runs", """{"experimentId":"0"}""", new string('k', 255))).Status);
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
            return IdOf((await SendAsync(http, "/api/2.0/mlflow/runs/create", """{"experiment_id":"0"}""", "k")).Body);
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
        Assert.NotEqual(IdOf((await SendAsync(server.Http, Path, body)).Body), IdOf((await SendAsync(server.Http, Path, body)).Body));

        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b => b.Configuration["Gateway:RepeatedRunWindow"] = "00:05:00");
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var first = IdOf((await SendAsync(http, Path, body)).Body);
        Assert.Equal(first, IdOf((await SendAsync(http, Path, body)).Body));
        Assert.NotEqual(first, IdOf((await SendAsync(http, Path, body.Replace("00000\"", "00001\"", StringComparison.Ordinal).Replace("1700000000000", "1700000000001", StringComparison.Ordinal))).Body));
        Assert.Equal(400, (await SendAsync(http, "/api/2.0/mlflow/experiments/create", """{"name":"Default"}""")).Status);
        await app.StopAsync(Token);
    }

    private static (string Path, string Body) Unique((string Path, string Body) creation)
    {
        var id = "a" + Guid.NewGuid().ToString("N");
        return (creation.Path.Replace("UNIQUE", id, StringComparison.Ordinal), creation.Body.Replace("UNIQUE", id, StringComparison.Ordinal));
    }

    private static string IdOf(string body)
    {
        var json = JsonNode.Parse(body)!;
        return (json["traffic"] ?? json["version"] ?? json["run"]?["info"]?["run_id"] ?? json["info"]?["runId"] ?? json["webhook"]?["webhook_id"] ?? json["registered_model"]?["name"] ?? json["model_version"]?["version"] ?? json["name"] ?? json["experiment_id"] ?? json["experimentId"] ?? json["model"]?["info"]?["model_id"]
            ?? json["pipelineRunId"] ?? json["user"]?["id"] ?? json["experiment_permission"] ?? json["registered_model_permission"] ?? json["acts"])!.ToJsonString().Trim('"');
    }

    private static async Task<(int Status, string Body, string? Location)> SendAsync(HttpClient http, string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(path.StartsWith("/api/v1/deployments", StringComparison.Ordinal) && body.Length > 1 ? HttpMethod.Put : HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, body.StartsWith('{') || body.Length < 2 ? "application/json" : body.StartsWith("name:", StringComparison.Ordinal) ? "application/yaml" : "text/csv"),
        };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        using var answer = await http.SendAsync(request, Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Token), answer.Headers.Location?.ToString());
    }
}
