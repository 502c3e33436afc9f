using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Access;

/// <summary>A server with users where nothing is open by default, for all tests of a class.</summary>
public sealed class ClosedServer : IAsyncLifetime
{
    private const string Password = "a password of theirs";

    private readonly TempDirectory directory = new();
    private WebApplication? app;

    public HttpClient Http { get; private set; } = new();

    public IServiceProvider Services => this.app!.Services;

    public async ValueTask InitializeAsync()
    {
        this.app = await ServerFixture.StartAsync(this.directory.Path, b =>
        {
            b.Configuration["Authentication:Administrator:Name"] = "root";
            b.Configuration["Authentication:Administrator:Password"] = Password;
            b.Configuration["Authentication:DefaultPermission"] = "None";
            b.Configuration["Gateway:LiveReadersPerCallerMax"] = "2";
        });
        Http = new HttpClient { BaseAddress = new Uri(this.app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await this.app!.StopAsync();
        await this.app.DisposeAsync();
        this.directory.Dispose();
    }

    public async Task AddUsersAsync(params string[] names) => await Task.WhenAll(names.Select(n => JsonAsync("root", "POST", "/api/2.0/mlflow/users/create", new { username = n, password = Password })));

    public static string Authorization(string user) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Password}"));

    public async Task<HttpResponseMessage> SendAsync(string user, string method, string path, HttpContent? content = null, string? key = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", Authorization(user));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async Task<int> StatusAsync(string user, string method, string path, object? body = null)
    {
        using var answer = await SendAsync(user, method, path, Content(body));
        return (int)answer.StatusCode;
    }

    public async Task<JsonNode?> JsonAsync(string user, string method, string path, object? body = null)
    {
        using var answer = await SendAsync(user, method, path, Content(body));
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{user}: {method} {path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    private static HttpContent? Content(object? body) => body as HttpContent ?? (body is null ? null : JsonContent.Create(body));
}

/// <summary>Ways around the levels that were open once.</summary>
public sealed class RightsTests(ClosedServer server) : IClassFixture<ClosedServer>
{
    private const string Mlflow = "/api/2.0/mlflow";
    private const string Proxy = "/api/2.0/mlflow-artifacts/artifacts";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_EndsWithTheRightOrTheUser_AndOneUserDoesNotTakeAllSeats()
    {
        await server.AddUsersAsync("streamer", "watcher");
        var (experiment, run) = await NewRunAsync("streamer");
        await GrantAsync("streamer", experiment, "watcher", "READ");
        var path = $"/api/v1/runs/{run}/events";
        using var first = await server.SendAsync("watcher", "GET", path);
        using var second = await server.SendAsync("watcher", "GET", path);
        Assert.Equal((200, 200, 429), ((int)first.StatusCode, (int)second.StatusCode, await server.StatusAsync("watcher", "GET", path)));
        using var owners = await server.SendAsync("streamer", "GET", path);
        Assert.Equal(200, (int)owners.StatusCode);

        Assert.Equal(200, await server.StatusAsync("streamer", "DELETE", Mlflow + "/experiments/permissions/delete", new { experiment_id = experiment, username = "watcher" }));
        Assert.Equal(200, await server.StatusAsync("root", "DELETE", Mlflow + "/users/delete", new { username = "streamer" }));
        await Task.WhenAll(EndedAsync(first), EndedAsync(second), EndedAsync(owners)).WaitAsync(TimeSpan.FromSeconds(15), Token);
    }

    [Fact]
    public async Task Blob_IsReadByWhoMayReadWhatNamesIt_AndNobodyElse()
    {
        await server.AddUsersAsync("maker", "reader", "thief");
        var (file, signature) = TinyModels.Iris();
        var blob = await server.JsonAsync("maker", "POST", "/api/v1/blobs", new ByteArrayContent(file));
        var digest = (string)blob!["digest"]!;
        object Version(JsonNode of) => new { format = "mlnet", blob = of, signature, lineage = new { }, metrics = new { accuracy = 0.97 } };
        await server.JsonAsync("maker", "POST", "/api/v1/models/made/versions", Version(blob));
        var uri = (string)(await server.JsonAsync("maker", "GET", Mlflow + "/model-versions/get-download-uri?name=made&version=1"))!["artifact_uri"]!;
        var proxied = $"{Proxy}/{uri["mlflow-artifacts:/".Length..]}/model.zip";

        Assert.Equal(404, await server.StatusAsync("thief", "GET", "/api/v1/blobs/" + digest));
        Assert.Equal(404, await server.StatusAsync("thief", "GET", proxied));
        Assert.Equal(404, await server.StatusAsync("thief", "POST", "/api/v1/models/stolen/versions", Version(blob)));
        Assert.Equal(200, await server.StatusAsync("thief", "POST", Mlflow + "/registered-models/create", new { name = "stolen-too" }));
        Assert.Equal(404, await server.StatusAsync("thief", "POST", Mlflow + "/model-versions/create", new { name = "stolen-too", source = uri }));

        // Who made the model by its first version manages it.
        await server.JsonAsync("maker", "POST", Mlflow + "/registered-models/permissions/create", new { name = "made", username = "reader", permission = "READ" });
        Assert.Equal(200, await server.StatusAsync("reader", "GET", "/api/v1/blobs/" + digest));
        Assert.Equal(200, await server.StatusAsync("reader", "GET", proxied));
        Assert.Equal(200, await server.StatusAsync("reader", "POST", Mlflow + "/registered-models/create", new { name = "copied" }));
        Assert.Equal(200, await server.StatusAsync("reader", "POST", Mlflow + "/model-versions/create", new { name = "copied", source = uri }));
    }

    [Fact]
    public async Task Refusal_ComesBeforeTheBody_WhereTheAddressSaysEnough()
    {
        await server.AddUsersAsync("sender", "holder");
        var (experiment, run) = await NewRunAsync("holder");
        await server.JsonAsync("holder", "POST", "/api/v1/datasets/held/versions", new StringContent("a,b\n1,2\n", Encoding.UTF8, "text/csv"));
        foreach (var (method, path) in new[]
        {
            ("PUT", $"/api/v1/runs/{run}/artifacts/f"), ("POST", $"/api/v1/runs/{run}/batches"), ("POST", "/api/v1/datasets/held/versions"), ("PUT", $"{Proxy}/{experiment}/{run}/artifacts/f"),
            ("POST", "/api/2.0/mlflow/upload-artifact?path=f&run_uuid=" + run),
        })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Http.BaseAddress!.Host, server.Http.BaseAddress.Port, Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {ClosedServer.Authorization("sender")}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"), Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);

            Assert.StartsWith("HTTP/1.1 404", await reader.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ArtifactRoot_BelongsToTheRunThatKeepsItsFilesThere()
    {
        await server.AddUsersAsync("keeper", "stranger");
        var (number, _) = await NewRunAsync("keeper");
        var experiment = (string)(await server.JsonAsync("keeper", "POST", Mlflow + "/experiments/create", new { name = "placed", artifact_location = "mlflow-artifacts:/shared/place" }))!["experiment_id"]!;
        var run = (string)(await server.JsonAsync("keeper", "POST", Mlflow + "/runs/create", new { experiment_id = experiment }))!["run"]!["info"]!["run_id"]!;
        var model = (string)(await server.JsonAsync("keeper", "POST", Mlflow + "/logged-models", new { experiment_id = experiment }))!["model"]!["info"]!["model_id"]!;
        foreach (var root in new[] { $"shared/place/{run}/artifacts", $"shared/place/models/{model}/artifacts" })
        {
            Assert.Equal(200, await server.StatusAsync("keeper", "PUT", $"{Proxy}/{root}/f", new StringContent("x")));
            Assert.Equal(200, await server.StatusAsync("keeper", "GET", $"{Proxy}/{root}/f"));
            Assert.Equal(404, await server.StatusAsync("stranger", "GET", $"{Proxy}/{root}/f"));
            Assert.Equal(404, await server.StatusAsync("stranger", "PUT", $"{Proxy}/{root}/f", new StringContent("y")));
        }

        Assert.Equal(404, await server.StatusAsync("keeper", "PUT", $"{Proxy}/elsewhere/{run}/artifacts/f", new StringContent("x")));
        foreach (var place in new[] { $"mlflow-artifacts:/{number}", $"mlflow-artifacts:/{number}/x", $"mlflow-artifacts:/shared/place/{run}/artifacts/x", "mlflow-artifacts:/999999", "mlflow-artifacts:/model-files/x" })
        {
            Assert.Equal(404, await server.StatusAsync("stranger", "POST", Mlflow + "/experiments/create", new { name = "into " + place, artifact_location = place }));
            Assert.Equal(404, await server.StatusAsync("stranger", "POST", "/api/v1/experiments", new { name = "into " + place, artifactLocation = place }));
        }
    }

    [Fact]
    public async Task PipelineRun_MayWhatItsStarterMay_AndTheAuditNamesBoth()
    {
        await server.AddUsersAsync("author", "starter");
        var name = await server.JsonAsync("author", "POST", "/api/v1/datasets/secret/versions", new StringContent("a,b\n1,2\n", Encoding.UTF8, "text/csv"));
        Assert.NotNull(name);
        await PipelineAsync("loads", "{name: a, uses: dataset/load, with: {dataset: secret}}");
        Assert.Equal("Succeeded", (await RunAsync("author", "loads")).Status, ignoreCase: true);
        var refused = await RunAsync("starter", "loads");
        Assert.Equal(("failed", "a: Dataset 'secret' not found."), (refused.Status, refused.Reason));

        var (file, signature) = TinyModels.Iris();
        var blob = await server.JsonAsync("author", "POST", "/api/v1/blobs", new ByteArrayContent(file));
        await server.JsonAsync("author", "POST", "/api/v1/models/served/versions", new { format = "mlnet", blob, signature, lineage = new { }, metrics = new { accuracy = 0.97 } });
        await PipelineAsync("deploys", "{name: a, uses: model/deploy, with: {deployment: by-pipeline, model: served}}");
        Assert.Equal("a: Registered Model with name=served not found", (await RunAsync("starter", "deploys")).Reason);
        await server.JsonAsync("author", "POST", Mlflow + "/registered-models/permissions/create", new { name = "served", username = "starter", permission = "READ" });
        Assert.Equal("succeeded", (await RunAsync("starter", "deploys")).Status);

        // What the run made is its starter's, and the author of the pipeline has no part in it.
        Assert.Equal(200, await server.StatusAsync("starter", "GET", "/api/v1/deployments/by-pipeline"));
        Assert.Equal(404, await server.StatusAsync("author", "GET", "/api/v1/deployments/by-pipeline"));
        Assert.NotNull((await Lineage())["modelVersion"]);
        Assert.Contains("models/served/1", await AroundAsync());
        await server.JsonAsync("author", "DELETE", "/api/v1/permissions/models/served/starter");
        await Eventually.Async(async () => (await Lineage())["modelVersion"] is null, cancellationToken: Token);
        Assert.Equal(["deployments/by-pipeline"], await AroundAsync());
        Assert.Equal(404, await server.StatusAsync("starter", "GET", "/api/v1/lineage?of=models/served/1"));
        var events = (await server.JsonAsync("root", "GET", "/api/v1/audit/events?limit=1000"))!["items"]!.AsArray();
        Assert.Contains(events, e => (string?)e!["actor"] == "pipeline/deploys for starter");

        async Task<IEnumerable<string?>> AroundAsync() => (await server.JsonAsync("starter", "GET", "/api/v1/lineage?of=deployments/by-pipeline"))!["nodes"]!.AsArray().Select(n => (string?)n!["id"]);

        async Task<JsonNode> Lineage() => (await server.JsonAsync("starter", "GET", "/api/v1/deployments/by-pipeline/lineage"))!["revisions"]![0]!;

        async Task PipelineAsync(string pipeline, string step)
        {
            await server.JsonAsync("author", "POST", "/api/v1/pipelines", new StringContent($"name: {pipeline}\nsteps: [{step}]", Encoding.UTF8, "application/yaml"));
            await server.JsonAsync("author", "PUT", $"/api/v1/permissions/pipelines/{pipeline}/starter", new { level = "use" });
        }
    }

    [Fact]
    public async Task AlertStartsForWhoGaveTheRules_WhatThatUserMayStart()
    {
        await server.AddUsersAsync("ruler", "outsider");
        await server.JsonAsync("ruler", "POST", "/api/v1/datasets/watched/versions", new StringContent("a,b\n1,2\n", Encoding.UTF8, "text/csv"));
        await server.JsonAsync("ruler", "POST", "/api/v1/pipelines", new StringContent("name: retrain\nsteps: [{name: a, uses: dataset/load, with: {dataset: watched}}]", Encoding.UTF8, "application/yaml"));
        var ids = (await server.JsonAsync("root", "GET", Mlflow + "/users/list"))!["users"]!.AsArray().ToDictionary(u => (string)u!["username"]!, u => (long)u!["id"]!);
        var listener = server.Services.GetServices<IAlertListener>().Single();
        var rules = new MonitorRules(new string('0', 64), Pipeline: "retrain");

        Assert.Null(await Raise("1", "outsider"));
        await server.JsonAsync("ruler", "PUT", "/api/v1/permissions/pipelines/retrain/outsider", new { level = "use" });
        var refused = await EndAsync((await Raise("2", "outsider"))!);
        Assert.Equal(("failed", "a: Dataset 'watched' not found."), refused);
        Assert.Equal("succeeded", (await EndAsync((await Raise("3", "ruler"))!)).Status);

        Task<string?> Raise(string id, string user)
        {
            Principal.Current = new Principal(ids[user], user, PermissionLevel.None);
            return listener.OnAlert(new Alert(id, "d", DateTimeOffset.UnixEpoch, null, 1, ["a"], "drift", null), rules, Token);
        }
    }

    [Fact]
    public async Task RepeatedCreation_IsAnsweredToTheSameUserOnly()
    {
        await server.AddUsersAsync("twin");
        async Task<string> CreateAsync(string name)
        {
            using var answer = await server.SendAsync("twin", "POST", Mlflow + "/experiments/create", JsonContent.Create(new { name }), key: "once");
            return await answer.Content.ReadAsStringAsync(Token);
        }

        var first = await CreateAsync("of-twin");
        Assert.Equal(first, await CreateAsync("of-twin"));
        Assert.Equal(200, await server.StatusAsync("root", "DELETE", Mlflow + "/users/delete", new { username = "twin" }));
        await server.AddUsersAsync("twin");

        // A gateway may take the new user for the old one for 2 seconds.
        await Eventually.Async(async () => (await CreateAsync("of-twin")).Contains("RESOURCE_ALREADY_EXISTS", StringComparison.Ordinal), cancellationToken: Token);
    }

    [Theory]
    [InlineData("/api/v1/models?limit=1&pageToken=", "items", "nextPageToken")]
    [InlineData("/api/v1/experiments?limit=1&pageToken=", "items", "nextPageToken")]
    [InlineData(Mlflow + "/registered-models/search?max_results=1&page_token=", "registered_models", "next_page_token")]
    [InlineData(Mlflow + "/experiments/search?max_results=1&page_token=", "experiments", "next_page_token")]
    public async Task Pages_AreCutAfterHiddenThingsAreLeftOut_AndTokensNameNothing(string path, string list, string next)
    {
        var tag = Guid.NewGuid().ToString("N")[..8];
        var (full, poor) = ("full-" + tag, "poor-" + tag);
        await server.AddUsersAsync(full, poor);
        foreach (var (user, name) in new[] { (full, "a"), (poor, "b"), (full, "c"), (full, "d"), (poor, "e"), (full, "f") })
        {
            await server.JsonAsync(user, "POST", Mlflow + "/registered-models/create", new { name = $"secret-{name}-{tag}" });
            await server.JsonAsync(user, "POST", Mlflow + "/experiments/create", new { name = $"secret-{name}-{tag}" });
        }

        var (found, token, pages) = (new List<string>(), "", 0);
        do
        {
            var page = (await server.JsonAsync(poor, "GET", path + token))!;
            found.AddRange(page[list]?.AsArray().Select(i => (string)i!["name"]!) ?? []);
            token = (string?)page[next] ?? "";
            Assert.DoesNotContain("secret", Encoding.Latin1.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token)), StringComparison.Ordinal);
            Assert.True(token.Length == 0 || await server.StatusAsync(full, "GET", path + token) == 400);
        }
        while (token.Length > 0 && ++pages < 20);

        Assert.Equal([$"secret-b-{tag}", $"secret-e-{tag}"], found.Order(StringComparer.Ordinal));
        Assert.InRange(pages, 1, 5);
    }

    [Fact]
    public async Task Alerts_AreThoseOfReadableMonitors_AndTokensNameNothing()
    {
        var tag = Guid.NewGuid().ToString("N")[..8];
        var (full, poor) = ("full-" + tag, "poor-" + tag);
        await server.AddUsersAsync(full, poor);
        foreach (var (user, name) in new[] { (poor, "a"), (full, "b"), (poor, "c"), (full, "d") })
        {
            var watched = $"secret-{name}-{tag}";
            var blob = (await server.JsonAsync(user, "POST", "/api/v1/blobs", new StringContent("x\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i}\n")))))!;
            await server.JsonAsync("root", "PUT", $"/api/v1/monitors/{watched}", new { referenceDigest = (string)blob["digest"]!, features = new[] { "x" }, windowRows = 100, raiseAfter = 1 });
            await server.JsonAsync("root", "PUT", $"/api/v1/permissions/monitors/{watched}/{user}", new { level = "edit" });
            await WatchedTraffic.SendAsync(server.Services, watched, 100, [true]);
        }

        await Eventually.Async(async () => (await server.JsonAsync("root", "GET", "/api/v1/alerts?limit=100"))!["items"]!.AsArray().Count(i => ((string)i!["deployment"]!).EndsWith(tag, StringComparison.Ordinal)) == 4, cancellationToken: Token);
        var (found, token, pages) = (new List<string>(), "", 0);
        do
        {
            var page = (await server.JsonAsync(poor, "GET", "/api/v1/alerts?limit=1&pageToken=" + token))!;
            found.AddRange(page["items"]!.AsArray().Select(i => (string)i!["deployment"]!));
            token = (string?)page["nextPageToken"] ?? "";
            Assert.DoesNotContain("secret", Encoding.Latin1.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token)), StringComparison.Ordinal);
        }
        while (token.Length > 0 && ++pages < 20);

        Assert.Equal([$"secret-c-{tag}", $"secret-a-{tag}"], found);
        Assert.Equal(2, (int)(await server.JsonAsync(poor, "GET", "/api/v1/alerts/counts"))!["open"]!);
        var alert = (string)(await server.JsonAsync(full, "GET", $"/api/v1/monitors/secret-b-{tag}"))!["openAlert"]!["alertId"]!;
        Assert.Equal(404, await server.StatusAsync(poor, "POST", $"/api/v1/monitors/secret-b-{tag}/alerts/{alert}/acknowledge"));
        await server.JsonAsync(full, "POST", $"/api/v1/monitors/secret-b-{tag}/alerts/{alert}/acknowledge");
        Assert.Equal([full], (await server.JsonAsync(full, "GET", "/api/v1/alerts?state=mine"))!["items"]!.AsArray().Select(i => (string)i!["acknowledgedBy"]!));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Basic")]
    [InlineData("Basic !!!")]
    [InlineData("Basic cm9vdA==")]
    [InlineData("Basic cm9vdDp3cm9uZyBwYXNzd29yZA==")]
    [InlineData("Basic bm9ib2R5OndoYXRldmVy")]
    [InlineData("Bearer what")]
    public async Task NoOrBadCredentials_AreAnswered401_WithTheScheme(string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/2.0/mlflow/experiments/get?experiment_id=0");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var answer = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Basic realm=\"mlflow\"", answer.Headers.WwwAuthenticate.ToString());
        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task NamesHiddenInOddSpellings_AreStillChecked()
    {
        await server.AddUsersAsync("named", "spy");
        async Task<string> RunOf(string user)
        {
            var experiment = (string)(await server.JsonAsync(user, "POST", Mlflow + "/experiments/create", new { name = user }))!["experiment_id"]!;
            return (string)(await server.JsonAsync(user, "POST", Mlflow + "/runs/create", new { experiment_id = experiment }))!["run"]!["info"]!["run_id"]!;
        }

        var (theirs, mine) = (await RunOf("named"), await RunOf("spy"));
        const string Rest = "\"key\":\"k\",\"value\":\"v\"";
        foreach (var body in new[]
        {
            $$"""{"run_id":"{{theirs}}",{{Rest}}}""",
            $$"""{"runId":"{{theirs}}",{{Rest}}}""",
            $$"""{"run_id":"{{mine}}","run_id":"{{theirs}}",{{Rest}}}""",
            $$"""{"run_id":"{{theirs}}","run_id":"{{mine}}",{{Rest}}}""",
            $$"""{"run_uuid":"{{theirs}}","run_id":"",{{Rest}}}""",
            $$"""{"run\u005fid":"{{theirs}}",{{Rest}}}""",
            JsonSerializer.Serialize($$"""{"run_id":"{{theirs}}",{{Rest}}}"""),
        })
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            var status = (int)(await server.SendAsync("spy", "POST", Mlflow + "/runs/set-tag", content)).StatusCode;
            Assert.Equal(LastRun(body) == theirs ? 404 : 200, status);
        }

        var shown = (await server.JsonAsync("named", "GET", Mlflow + "/runs/get?run_id=" + theirs, null))!["run"]!["data"]!;
        Assert.Null(shown["tags"]?.AsArray().FirstOrDefault(t => (string)t!["key"]! == "k"));
        Assert.Equal(404, await server.StatusAsync("spy", "GET", Mlflow + $"/runs/get?run_id={mine}&run_id={theirs}", null));
        Assert.Equal(200, await server.StatusAsync("spy", "POST", Mlflow + "/runs/set-tag", new { run_id = mine, key = "k", value = "v" }));

        // Of a name given twice the last one is what the handler takes, and what is judged.
        string LastRun(string body) => body.LastIndexOf(theirs, StringComparison.Ordinal) > body.LastIndexOf(mine, StringComparison.Ordinal) ? theirs : mine;
    }

    [Fact]
    public async Task Searches_ShowOnlyWhatMayBeRead()
    {
        await server.AddUsersAsync("ada", "bob");
        var all = new List<string>();
        foreach (var user in new[] { "ada", "bob" })
        {
            var experiment = (string)(await server.JsonAsync(user, "POST", Mlflow + "/experiments/create", new { name = user }))!["experiment_id"]!;
            Assert.Equal(200, await server.StatusAsync(user, "POST", Mlflow + "/runs/create", new { experiment_id = experiment, run_name = user }));
            all.Add(experiment);
            Assert.Equal(200, await server.StatusAsync(user, "POST", Mlflow + "/logged-models", new { experiment_id = experiment, name = user }));
            Assert.Equal(200, await server.StatusAsync(user, "POST", Mlflow + "/registered-models/create", new { name = user }));
            Assert.Equal(200, await server.StatusAsync(user, "POST", Mlflow + "/model-versions/create", new { name = user, source = "s3://b/" + user }));
        }

        foreach (var (method, path, body) in new (string, string, object?)[]
        {
            ("POST", Mlflow + "/experiments/search", new { max_results = 100 }),
            ("GET", Mlflow + "/experiments/search?max_results=100", null),
            ("POST", Mlflow + "/runs/search", new { experiment_ids = all }),
            ("POST", Mlflow + "/logged-models/search", new { experiment_ids = all }),
            ("GET", Mlflow + "/registered-models/search", null),
            ("GET", Mlflow + "/model-versions/search", null),
            ("GET", "/api/v1/experiments", null),
            ("POST", "/api/v1/runs/search", new { experimentIds = all }),
            ("GET", "/api/v1/models", null),
        })
        {
            var (ada, root) = ((await server.JsonAsync("ada", method, path, body))!.ToJsonString(), (await server.JsonAsync("root", method, path, body))!.ToJsonString());
            Assert.Contains("\"ada\"", ada, StringComparison.Ordinal);
            Assert.DoesNotContain("\"bob\"", ada, StringComparison.Ordinal);
            Assert.Contains("\"bob\"", root, StringComparison.Ordinal);
        }

        Assert.Equal(404, await server.StatusAsync("ada", "GET", Mlflow + "/registered-models/get?name=bob", null));
        Assert.Equal(404, await server.StatusAsync("ada", "POST", Mlflow + "/model-versions/create", new { name = "ada", source = "models:/bob/1" }));
        Assert.Equal(404, await server.StatusAsync("ada", "POST", Mlflow + "/model-versions/create", new { name = "ada", source = $"mlflow-artifacts:/{all[1]}/x/artifacts" }));
        Assert.Equal(200, await server.StatusAsync("bob", "POST", Mlflow + "/registered-models/permissions/create", new { name = "bob", username = "ada", permission = "READ" }));
        Assert.Equal(200, await server.StatusAsync("ada", "GET", Mlflow + "/registered-models/get?name=bob", null));
        Assert.Equal(200, await server.StatusAsync("bob", "POST", Mlflow + "/registered-models/rename", new { name = "bob", new_name = "bobby" }));
        Assert.Equal(200, await server.StatusAsync("ada", "GET", Mlflow + "/registered-models/get?name=bobby", null));
        Assert.Equal(200, await server.StatusAsync("bob", "DELETE", Mlflow + "/registered-models/delete", new { name = "bobby" }));
        Assert.Equal(200, await server.StatusAsync("bob", "POST", Mlflow + "/registered-models/create", new { name = "bobby" }));
        await Eventually.Async(async () => await server.StatusAsync("ada", "GET", Mlflow + "/registered-models/get?name=bobby", null) == 404, cancellationToken: Token);
    }

    [Fact]
    public async Task DocsPage_IsWholeForEveryUser()
    {
        await server.AddUsersAsync("newcomer");
        using var page = await server.SendAsync("newcomer", "GET", "/docs/");
        var html = await page.Content.ReadAsStringAsync(Token);
        var scripts = System.Text.RegularExpressions.Regex.Matches(html, "src=\"(?<path>[^\"]+)\"").Select(m => m.Groups["path"].Value).Where(p => !p.StartsWith("http", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            Assert.Equal(200, await server.StatusAsync("newcomer", "GET", new Uri(new Uri("http://x/docs/"), script).PathAndQuery));
        }
    }

    private async Task<(string Status, string? Reason)> RunAsync(string user, string pipeline)
    {
        return await EndAsync((string)(await server.JsonAsync(user, "POST", $"/api/v1/pipelines/{pipeline}/runs", new { }))!["pipelineRunId"]!);
    }

    private async Task<(string Status, string? Reason)> EndAsync(string id)
    {
        JsonNode run = null!;
        await Eventually.Async(async () => (string)(run = (await server.JsonAsync("root", "GET", "/api/v1/pipeline-runs/" + id))!)["status"]! != "running", TimeSpan.FromSeconds(30), Token);
        return ((string)run["status"]!, (string?)run["reason"]);
    }

    private async Task<(string Experiment, string Run)> NewRunAsync(string user)
    {
        var experiment = (string)(await server.JsonAsync(user, "POST", Mlflow + "/experiments/create", new { name = $"of {user} {Guid.NewGuid()}" }))!["experiment_id"]!;
        return (experiment, (string)(await server.JsonAsync(user, "POST", Mlflow + "/runs/create", new { experiment_id = experiment }))!["run"]!["info"]!["run_id"]!);
    }

    private Task<JsonNode?> GrantAsync(string by, string experiment, string user, string level) =>
        server.JsonAsync(by, "POST", Mlflow + "/experiments/permissions/create", new { experiment_id = experiment, username = user, permission = level });

    private static async Task EndedAsync(HttpResponseMessage stream)
    {
        await using var body = await stream.Content.ReadAsStreamAsync(Token);
        var buffer = new byte[4096];
        while (await body.ReadAsync(buffer, Token) > 0)
        {
        }
    }
}
