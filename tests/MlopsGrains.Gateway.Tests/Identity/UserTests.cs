using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Identity;

/// <summary>Users, their passwords and what each may do, through both doors.</summary>
public sealed class UserTests : IAsyncLifetime
{
    private const string RootPassword = "correct horse battery";
    private const string UserPassword = "a password of theirs";

    private readonly TempDirectory directory = new();
    private WebApplication? app;
    private HttpClient http = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await StartAsync("Read");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        this.directory.Dispose();
    }

    [Fact]
    public async Task User_IsMadeChangedAndRemoved_ByAdministratorsOnly()
    {
        var created = (await Json(await SendAsync("root", HttpMethod.Post, "/users/create", new { username = "ada", password = UserPassword })))["user"]!;
        Assert.Equal("""{"id":2,"username":"ada","is_admin":false,"experiment_permissions":[],"registered_model_permissions":[],"scorer_permissions":[]}""", created.ToJsonString());
        Assert.Equal((400, "RESOURCE_ALREADY_EXISTS"), await Code("root", HttpMethod.Post, "/users/create", new { username = "ada", password = UserPassword }));
        Assert.Equal((400, "INVALID_PARAMETER_VALUE"), await Code("root", HttpMethod.Post, "/users/create", new { username = "bob", password = "11 letters." }));
        Assert.Equal((400, "INVALID_PARAMETER_VALUE"), await Code("root", HttpMethod.Post, "/users/create", new { username = "b:b", password = UserPassword }));
        Assert.Equal((404, "RESOURCE_DOES_NOT_EXIST"), await Code("root", HttpMethod.Get, "/users/get?username=nobody", null));

        await Denied("ada", HttpMethod.Post, "/users/create", new { username = "eve", password = UserPassword });
        await Denied("ada", HttpMethod.Get, "/users/list", null);
        await Denied("ada", HttpMethod.Get, "/users/get?username=root", null);
        await Denied("ada", HttpMethod.Patch, "/users/update-admin", new { username = "ada", is_admin = true });
        await Denied("ada", HttpMethod.Patch, "/users/update-password", new { username = "root", password = UserPassword });
        Assert.Equal(200, (int)(await SendAsync("ada", HttpMethod.Get, "/users/get?username=ada", null)).StatusCode);
        Assert.Equal(["ada", "root"], (await Json(await SendAsync("root", HttpMethod.Get, "/users/list", null)))["users"]!.AsArray().Select(u => (string)u!["username"]!));

        Assert.Equal(200, (int)(await SendAsync("root", HttpMethod.Patch, "/users/update-admin", new { username = "ada", is_admin = true })).StatusCode);
        Assert.Equal(200, (int)(await SendAsync("root", HttpMethod.Patch, "/users/update-admin", new { username = "root", is_admin = false })).StatusCode);
        await Eventually.Async(async () => (int)(await SendAsync("ada", HttpMethod.Get, "/users/list", null)).StatusCode == 200, cancellationToken: Token);
        Assert.Contains("last administrator", (string)(await Json(await SendAsync("ada", HttpMethod.Delete, "/users/delete", new { username = "ada" })))["message"]!, StringComparison.Ordinal);
        Assert.Equal(200, (int)(await SendAsync("ada", HttpMethod.Delete, "/users/delete", new { username = "root" })).StatusCode);
        await Eventually.Async(async () => (int)(await SendAsync("root", HttpMethod.Get, "/experiments/get?experiment_id=0", null)).StatusCode == 401, cancellationToken: Token);
    }

    [Fact]
    public async Task NewPassword_OpensAtOnce_AndTheOldOneIsShutWithinSeconds()
    {
        await NewUserAsync("ada");
        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Get, "/experiments/get?experiment_id=0", null));
        object Change(string? current) => new { username = "ada", password = "another password", current_password = current };
        Assert.Equal((400, "INVALID_PARAMETER_VALUE"), await Code("ada", HttpMethod.Patch, "/users/update-password", Change(null)));
        Assert.Equal((400, "INVALID_PARAMETER_VALUE"), await Code("ada", HttpMethod.Patch, "/users/update-password", Change("a wrong password")));
        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Patch, "/users/update-password", Change(UserPassword)));

        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Get, "/experiments/get?experiment_id=0", null, "another password"));
        await Eventually.Async(async () => await StatusAsync("ada", HttpMethod.Get, "/experiments/get?experiment_id=0", null) == 401, TimeSpan.FromSeconds(10), Token);

        // Administrators set what somebody has forgotten, as MLflow's own client asks for it.
        Assert.Equal(200, await StatusAsync("root", HttpMethod.Patch, "/users/update-password", new { username = "ada", password = "a third password" }));
        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Get, "/experiments/get?experiment_id=0", null, "a third password"));
    }

    /// <summary>Guesses are counted and take their time alike for a user who is there and one who is not; who is signed in goes on.</summary>
    [Fact]
    public async Task Guesses_TellNothing_AndBeyondTheLimitAreAnswered429()
    {
        await NewUserAsync("ada");
        Assert.Equal(200, await GuessAsync("ada", UserPassword));
        var least = new Dictionary<string, TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            foreach (var name in new[] { "ada", "nobody" })
            {
                var began = Stopwatch.GetTimestamp();
                Assert.Equal(401, await GuessAsync(name, $"early guess {i}"));
                var took = Stopwatch.GetElapsedTime(began);
                least[name] = least.TryGetValue(name, out var before) && before < took ? before : took;
            }
        }

        // The least of a few: a busy machine only adds to them.
        Assert.InRange(least["nobody"] / least["ada"], 0.5, 2);
        foreach (var name in new[] { "ada", "nobody" })
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => GuessAsync(name, $"guess number {i}")));
            Assert.InRange(answers.Count(a => a == 429), 1, 15);
            Assert.Equal(16, answers.Count(a => a is 401 or 429));
        }

        Assert.Equal(200, await GuessAsync("ada", UserPassword));

        Task<int> GuessAsync(string name, string password) => StatusAsync(name, HttpMethod.Get, "/experiments/get?experiment_id=0", null, password);
    }

    [Fact]
    public async Task Graph_ShowsNobodyMoreThanItsMethods()
    {
        await NewUserAsync("owner");
        await NewUserAsync("guest");
        var experiment = (string)(await Json(await SendAsync("owner", HttpMethod.Post, "/experiments/create", new { name = "e" })))["experiment_id"]!;
        var run = (string)(await Json(await SendAsync("owner", HttpMethod.Post, "/runs/create", new { experiment_id = experiment })))["run"]!["info"]!["run_id"]!;
        Assert.Equal(200, await StatusAsync("owner", HttpMethod.Post, "/experiments/permissions/create", new { experiment_id = experiment, username = "guest", permission = "NO_PERMISSIONS" }));

        await Eventually.Async(async () => (await AskAsync("guest"))["data"]!["r"]!["run"] is null, TimeSpan.FromSeconds(10), Token);

        var refused = await AskAsync("guest");
        Assert.Equal("RESOURCE_DOES_NOT_EXIST", (string?)refused["data"]!["r"]!["apiError"]!["code"]);
        Assert.Equal("RESOURCE_DOES_NOT_EXIST", (string?)refused["data"]!["e"]!["apiError"]!["code"]);
        var shown = await AskAsync("owner");
        Assert.Equal(run, (string?)shown["data"]!["r"]!["run"]!["info"]!["runId"]);
        using var answer = await this.http.PostAsync(new Uri("/graphql", UriKind.Relative), Query(), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);

        async Task<JsonNode> AskAsync(string user) => await Json(await RawAsync(user, HttpMethod.Post, "/graphql", Query()));

        StringContent Query() => new(
            JsonSerializer.Serialize(new
            {
                query = $"{{ r: mlflowGetRun(input: {{ runId: \"{run}\" }}) {{ run {{ info {{ runId }} experiment {{ name }} }} apiError {{ code }} }} e: mlflowGetExperiment(input: {{ experimentId: \"{experiment}\" }}) {{ apiError {{ code }} }} }}",
            }),
            Encoding.UTF8,
            "application/json");
    }

    [Fact]
    public async Task Levels_OpenWhatTheyHold_AndNothingMore()
    {
        await NewUserAsync("owner");
        await NewUserAsync("guest");
        var experiment = (string)(await Json(await SendAsync("owner", HttpMethod.Post, "/experiments/create", new { name = "e" })))["experiment_id"]!;
        var run = (string)(await Json(await SendAsync("owner", HttpMethod.Post, "/runs/create", new { experiment_id = experiment })))["run"]!["info"]!["run_id"]!;
        var model = (string)(await Json(await SendAsync("owner", HttpMethod.Post, "/logged-models", new { experiment_id = experiment })))["model"]!["info"]!["model_id"]!;
        Assert.Equal(200, await StatusAsync("owner", HttpMethod.Post, "/registered-models/create", new { name = "m" }));
        using (var content = new StringContent("x"))
        {
            Assert.Equal(200, (int)(await RawAsync("owner", HttpMethod.Put, $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/f", content)).StatusCode);
        }

        (int Level, HttpMethod Method, string Path, object? Body)[] calls =
        [
            (1, HttpMethod.Get, "/api/2.0/mlflow/experiments/get?experiment_id=" + experiment, null),
            (1, HttpMethod.Get, "/api/2.0/mlflow/experiments/get-by-name?experiment_name=e", null),
            (1, HttpMethod.Get, "/ajax-api/2.0/mlflow/runs/get?runId=" + run, null),
            (1, HttpMethod.Get, "/api/2.0/mlflow/runs/get?run_uuid=" + run, null),
            (1, HttpMethod.Get, $"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=a", null),
            (1, HttpMethod.Get, "/api/2.0/mlflow/artifacts/list?run_id=" + run, null),
            (1, HttpMethod.Get, $"/get-artifact?run_id={run}&path=f", null),
            (1, HttpMethod.Get, $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/f", null),
            (1, HttpMethod.Get, $"/api/2.0/mlflow-artifacts/artifacts?path={experiment}/{run}", null),
            (1, HttpMethod.Get, "/api/2.0/mlflow/logged-models/" + model, null),
            (1, HttpMethod.Get, "/api/v1/experiments/" + experiment, null),
            (1, HttpMethod.Get, "/api/v1/runs/" + run, null),
            (1, HttpMethod.Get, $"/api/v1/runs/{run}/artifacts/f", null),
            (3, HttpMethod.Post, "/api/2.0/mlflow/experiments/set-experiment-tag", new { experiment_id = experiment, key = "k", value = "v" }),
            (3, HttpMethod.Post, "/api/2.0/mlflow/runs/create", new { experimentId = experiment }),
            (3, HttpMethod.Post, "/api/2.0/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { new { key = "a", value = 1, timestamp = 1 } } }),
            (3, HttpMethod.Post, "/api/2.0/mlflow/runs/log-metric", new { run_uuid = run, key = "a", value = 1, timestamp = 2 }),
            (3, HttpMethod.Post, "/api/2.0/mlflow/logged-models", new { experiment_id = experiment }),
            (3, HttpMethod.Patch, $"/api/2.0/mlflow/logged-models/{model}/tags", new { tags = new[] { new { key = "k", value = "v" } } }),
            (3, HttpMethod.Post, $"/api/2.0/mlflow-artifacts/mpu/create/{experiment}/{run}/artifacts", new { path = "g", num_parts = 1 }),
            (3, HttpMethod.Post, "/ajax-api/2.0/mlflow/upload-artifact?path=g&run_uuid=" + run, new { }),
            (3, HttpMethod.Post, "/api/v1/runs", new { experimentId = experiment }),
            (3, HttpMethod.Put, $"/api/v1/runs/{Guid.NewGuid():N}", new { experimentId = experiment }),
            (3, HttpMethod.Post, $"/api/v1/runs/{run}/batches", new { tags = Array.Empty<object>() }),
            (3, HttpMethod.Patch, "/api/v1/runs/" + run, new { runName = "n" }),
            (4, HttpMethod.Post, "/api/2.0/mlflow/runs/delete", new { run_id = run }),
            (4, HttpMethod.Get, $"/api/2.0/mlflow/experiments/permissions/get?experiment_id={experiment}&username=owner", null),
            (4, HttpMethod.Post, "/api/2.0/mlflow/runs/restore", new { run_id = run }),
            (4, HttpMethod.Delete, "/api/v1/runs/" + run, null),
            (4, HttpMethod.Post, $"/api/v1/runs/{run}/restore", null),
            (4, HttpMethod.Delete, "/api/v1/experiments/" + experiment, null),
            (4, HttpMethod.Post, $"/api/v1/experiments/{experiment}/restore", null),
            (4, HttpMethod.Delete, $"/api/2.0/mlflow/logged-models/{model}", null),
            (4, HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/f", null),
        ];
        object Grant(string level) => new { experiment_id = experiment, username = "guest", permission = level };
        Assert.Equal(200, await StatusAsync("owner", HttpMethod.Post, "/experiments/permissions/create", Grant("NO_PERMISSIONS")));
        foreach (var (level, name) in new[] { (0, "NO_PERMISSIONS"), (1, "READ"), (2, "USE"), (3, "EDIT"), (4, "MANAGE") })
        {
            Assert.Equal(200, await StatusAsync("owner", HttpMethod.Patch, "/experiments/permissions/update", Grant(name)));
            if (level == 0)
            {
                await Eventually.Async(async () => await StatusAsync("guest", HttpMethod.Get, "/experiments/get?experiment_id=" + experiment, null) == 404, cancellationToken: Token);
            }

            foreach (var call in calls)
            {
                using var content = call.Body is null ? null : new StringContent(JsonSerializer.Serialize(call.Body), Encoding.UTF8, "application/json");
                using var answer = await RawAsync("guest", call.Method, call.Path, content);
                var expected = call.Level <= level ? "2" : level == 0 ? "404" : "403";
                Assert.True(((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture).StartsWith(expected, StringComparison.Ordinal), $"{name}: {call.Method} {call.Path}: {answer.StatusCode}");
            }
        }

        Assert.Equal(200, await StatusAsync("owner", HttpMethod.Delete, "/experiments/permissions/delete", new { experiment_id = experiment, username = "guest" }));
        Assert.Equal((404, "RESOURCE_DOES_NOT_EXIST"), await Code("owner", HttpMethod.Delete, "/experiments/permissions/delete", new { experiment_id = experiment, username = "guest" }));
        Assert.Equal((400, "INVALID_PARAMETER_VALUE"), await Code("owner", HttpMethod.Post, "/experiments/permissions/create", Grant("ALL")));
        Assert.Equal((404, "RESOURCE_DOES_NOT_EXIST"), await Code("owner", HttpMethod.Post, "/experiments/permissions/create", new { experiment_id = experiment, username = "nobody", permission = "READ" }));
    }

    [Fact]
    public async Task Accounts_OutliveARestart_AndKeysStayAllowedEverything()
    {
        await NewUserAsync("ada");
        var experiment = (string)(await Json(await SendAsync("ada", HttpMethod.Post, "/experiments/create", new { name = "e" })))["experiment_id"]!;
        await StopAsync();
        await StartAsync("None");

        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Post, "/experiments/set-experiment-tag", new { experiment_id = experiment, key = "k" }));
        Assert.Equal(404, await StatusAsync("ada", HttpMethod.Get, "/experiments/get?experiment_id=0", null));
        Assert.Equal(403, await StatusAsync("ada", HttpMethod.Get, "v1/audit/events", null));
        Assert.Equal(200, await StatusAsync("ada", HttpMethod.Get, "v1/pipelines", null));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/2.0/mlflow/users/list") { Headers = { { "Authorization", "Bearer the key" } } };
        Assert.Equal(HttpStatusCode.OK, (await this.http.SendAsync(request, Token)).StatusCode);
    }

    private async Task StartAsync(string defaultPermission)
    {
        this.app = await ServerFixture.StartAsync(this.directory.Path, b =>
        {
            b.Configuration["Authentication:Administrator:Name"] = "root";
            b.Configuration["Authentication:Administrator:Password"] = RootPassword;
            b.Configuration["Authentication:DefaultPermission"] = defaultPermission;
            b.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
            b.Configuration["Authentication:ApiKeys:0:KeySha256"] = Convert.ToHexString(SHA256.HashData("the key"u8));
        });
        this.http = new HttpClient { BaseAddress = new Uri(this.app.Urls.First()) };
    }

    private async Task StopAsync()
    {
        this.http.Dispose();
        await this.app!.StopAsync();
        await this.app.DisposeAsync();
    }

    private async Task NewUserAsync(string name) =>
        Assert.Equal(200, await StatusAsync("root", HttpMethod.Post, "/users/create", new { username = name, password = UserPassword }));

    private async Task<int> StatusAsync(string user, HttpMethod method, string path, object? body, string? password = null)
    {
        using var answer = await SendAsync(user, method, path, body, password);
        return (int)answer.StatusCode;
    }

    private Task<HttpResponseMessage> SendAsync(string user, HttpMethod method, string path, object? body, string? password = null) => RawAsync(
        user,
        method,
        path[0] == '/' ? "/api/2.0/mlflow" + path : "/api/" + path,
        body is null ? null : new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        password);

    private async Task<HttpResponseMessage> RawAsync(string user, HttpMethod method, string path, HttpContent? content, string? password = null)
    {
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password ?? (user == "root" ? RootPassword : UserPassword)}"));
        using var request = new HttpRequestMessage(method, path) { Content = content, Headers = { { "Authorization", "Basic " + credentials } } };
        return await this.http.SendAsync(request, Token);
    }

    private async Task Denied(string user, HttpMethod method, string path, object? body)
    {
        using var answer = await SendAsync(user, method, path, body);
        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION_DENIED"), (answer.StatusCode, (string?)(await Json(answer))["error_code"]));
    }

    private async Task<(int, string)> Code(string user, HttpMethod method, string path, object? body)
    {
        using var answer = await SendAsync(user, method, path, body);
        return ((int)answer.StatusCode, (string)(await Json(answer))["error_code"]!);
    }

    private static async Task<JsonNode> Json(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
}
