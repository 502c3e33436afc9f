using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Webhooks;

/// <summary>Webhooks through the doors of a platform that may call this machine.</summary>
public sealed class WebhookDoorTests : IAsyncLifetime
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly TempDirectory directory = new();
    private readonly HttpReceiver receiver = new();
    private WebApplication app = null!;
    private HttpClient http = null!;
    private MlflowCaller mlflow = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        app = await ServerFixture.StartAsync(directory.Path, builder =>
        {
            builder.Configuration["Webhooks:AllowHttp"] = "true";
            builder.Configuration["Webhooks:AllowPrivateTargets"] = "true";
            builder.Configuration["Webhooks:RetryDelay"] = "00:00:00.050";
            builder.Configuration["Webhooks:AttemptsMax"] = "3";
        });
        http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        mlflow = new MlflowCaller(http);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        await receiver.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Webhook_LivesThroughItsWholeLife_AndNeverShowsItsSecret()
    {
        var created = (await mlflow.DoAsync("/mlflow/webhooks", new
        {
            name = "ci",
            url = receiver.Address,
            events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } },
            secret = "s3cret",
            description = "tells CI",
        }))["webhook"]!;
        var id = (string)created["webhook_id"]!;
        Assert.True(Guid.TryParseExact(id, "D", out _));
        Assert.Equal(
            ["creation_timestamp", "description", "events", "last_updated_timestamp", "name", "status", "url", "webhook_id"], created.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal));
        Assert.Equal("ACTIVE", (string?)created["status"]);
        Assert.Equal(created.ToJsonString(), (await mlflow.DoAsync("/mlflow/webhooks/" + id))["webhook"]!.ToJsonString());
        await mlflow.RefusedAsync("/mlflow/webhooks", new { name = "ci", url = receiver.Address, events = new[] { new { entity = "PROMPT", action = "CREATED" } } }, 400, "RESOURCE_ALREADY_EXISTS");

        var changed = (await mlflow.DoAsync("PATCH", "/mlflow/webhooks/" + id, new { status = 2, events = new[] { new { entity = (object)7, action = (object)"4" } } }))["webhook"]!;
        Assert.Equal(("DISABLED", "ci", "tells CI"), ((string)changed["status"]!, (string)changed["name"]!, (string)changed["description"]!));
        Assert.Equal("""[{"entity":"PROMPT_TAG","action":"SET"}]""", changed["events"]!.ToJsonString());

        await NewAsync("second", ("PROMPT", "CREATED"));
        var first = await mlflow.DoAsync("/mlflow/webhooks?max_results=1");
        Assert.Equal("ci", (string?)Assert.Single(first["webhooks"]!.AsArray())!["name"]);
        var rest = await mlflow.DoAsync("/mlflow/webhooks?max_results=1&page_token=" + first["next_page_token"]);
        Assert.Equal("second", (string?)Assert.Single(rest["webhooks"]!.AsArray())!["name"]);
        Assert.Null(rest["next_page_token"]);

        Assert.Equal("{}", (await mlflow.DoAsync("DELETE", "/mlflow/webhooks/" + id, new { })).ToJsonString());
        await mlflow.RefusedAsync("/mlflow/webhooks/" + id, null, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal(404, (await mlflow.SendAsync("DELETE", "/mlflow/webhooks/" + id, new { })).Status);
        Assert.Equal(404, (await mlflow.SendAsync("PATCH", "/mlflow/webhooks/" + id, new { name = "x" })).Status);
        await mlflow.RefusedAsync($"/mlflow/webhooks/{id}/test", new { }, 404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public async Task RegistryChanges_ArriveSigned_EachAsItsEvent()
    {
        await NewAsync("all", [.. MlopsGrains.Webhooks.WebhookEventKind.All.Select(k => (k.Entity, k.Action))]);
        var prompt = new[] { new { key = "mlflow.prompt.is_prompt", value = "true" } };

        await mlflow.DoAsync("/mlflow/registered-models/create", new { name = "m", description = "about", tags = new[] { new { key = "team", value = "a" } } });
        await mlflow.DoAsync("/mlflow/registered-models/set-tag", new { name = "m", key = "quiet", value = "yes" });
        await mlflow.DoAsync("/mlflow/model-versions/create", new { name = "m", source = "s3://b/m", run_id = "r1" });
        await mlflow.DoAsync("/mlflow/model-versions/set-tag", new { name = "m", version = "1", key = "k", value = "v" });
        await mlflow.DoAsync("DELETE", "/mlflow/model-versions/delete-tag", new { name = "m", version = "1", key = "k" });
        await mlflow.DoAsync("/mlflow/registered-models/alias", new { name = "m", alias = "best", version = "1" });
        await mlflow.DoAsync("DELETE", "/mlflow/registered-models/alias", new { name = "m", alias = "best" });
        await mlflow.DoAsync("/mlflow/registered-models/create", new { name = "p", tags = prompt });
        await mlflow.DoAsync("/mlflow/model-versions/create", new { name = "p", source = "dummy-source", tags = new[] { prompt[0], new { key = "mlflow.prompt.text", value = "Hi {{x}}" } } });
        await mlflow.DoAsync("/mlflow/registered-models/set-tag", new { name = "p", key = "k", value = "v" });
        await mlflow.DoAsync("/mlflow/model-versions/set-tag", new { name = "p", version = "1", key = "k", value = "v" });
        await mlflow.DoAsync("/mlflow/registered-models/alias", new { name = "p", alias = "live", version = "1" });

        string[] expected =
        [
            """model_version.created {"name":"m","version":"1","source":"s3://b/m","run_id":"r1","tags":{},"description":""}""",
            """model_version_alias.created {"name":"m","alias":"best","version":"1"}""",
            """model_version_alias.deleted {"name":"m","alias":"best"}""",
            """model_version_tag.deleted {"name":"m","version":"1","key":"k"}""",
            """model_version_tag.set {"name":"m","version":"1","key":"k","value":"v"}""",
            """prompt.created {"name":"p","tags":{},"description":""}""",
            """prompt_alias.created {"name":"p","alias":"live","version":"1"}""",
            """prompt_tag.set {"name":"p","key":"k","value":"v"}""",
            """prompt_version.created {"name":"p","version":"1","template":"Hi {{x}}","tags":{},"description":""}""",
            """prompt_version_tag.set {"name":"p","version":"1","key":"k","value":"v"}""",
            """registered_model.created {"name":"m","tags":{"team":"a"},"description":"about"}""",
        ];
        await Eventually.Async(() => receiver.All.Count >= expected.Length, cancellationToken: Ct);
        Assert.Equal(expected, receiver.All.Select(r => JsonNode.Parse(r.Body)!).Select(b => $"{b["entity"]}.{b["action"]} {Plain(b["data"]!)}").Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, receiver.All.Select(r => r.Headers["X-MLflow-Delivery-Id"]).Distinct().Count());
        Assert.All(receiver.All, r => Assert.StartsWith("v1,", r.Headers["X-MLflow-Signature"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task FailingReceiver_IsTriedAgainWithTheSameId_ThenParked_AndSentWhenAsked()
    {
        var id = await NewAsync("flaky", ("REGISTERED_MODEL", "CREATED"));
        receiver.Status = before => before < 4 ? 500 : 200;

        await mlflow.DoAsync("/mlflow/registered-models/create", new { name = "m" });

        await Eventually.Async(async () => (int)(await QueueAsync(id))["parked"]! == 1, cancellationToken: Ct);
        Assert.Equal(3, receiver.All.Count);
        Assert.Single(receiver.All.Select(r => r.Headers["X-MLflow-Delivery-Id"]).Distinct());
        var parked = (await QueueAsync(id))["items"]![0]!;
        Assert.Equal((3, "The receiver answered 500.", "REGISTERED_MODEL"), ((int)parked["attempts"]!, (string)parked["error"]!, (string)parked["event"]!["entity"]!));
        Assert.Null(parked["nextAt"]);

        var answer = await http.PostAsync($"/api/v1/webhooks/{id}/deliveries/retry", null, Ct);
        Assert.Equal("""{"retried":1}""", await answer.Content.ReadAsStringAsync(Ct));
        await Eventually.Async(async () => (long)(await QueueAsync(id))["delivered"]! == 1, cancellationToken: Ct);
        Assert.Equal(5, receiver.All.Count);
        Assert.Empty((await QueueAsync(id))["items"]!.AsArray());
    }

    [Fact]
    public async Task Test_SendsAnExample_AndTellsWhatCameOfIt()
    {
        var id = await NewAsync("tested", ("PROMPT_VERSION", "CREATED"), ("MODEL_VERSION_TAG", "SET"));

        var good = (await mlflow.DoAsync($"/mlflow/webhooks/{id}/test", new { }))["result"]!;
        var other = (await mlflow.DoAsync($"/mlflow/webhooks/{id}/test", new { @event = new { entity = "MODEL_VERSION_TAG", action = "SET" } }))["result"]!;
        receiver.Status = _ => 500;
        var bad = (await mlflow.DoAsync($"/mlflow/webhooks/{id}/test", new { }))["result"]!;

        Assert.Equal("""{"success":true,"response_status":200,"response_body":"heard"}""", good.ToJsonString());
        Assert.Equal((false, 500), ((bool)bad["success"]!, (int)bad["response_status"]!));
        Assert.Equal(["prompt_version", "model_version_tag", "prompt_version"], receiver.All.Select(r => (string)JsonNode.Parse(r.Body)!["entity"]!));
        Assert.True((bool)other["success"]!);
        await mlflow.RefusedAsync($"/mlflow/webhooks/{id}/test", new { @event = new { entity = "MODEL_VERSION_TAG", action = "CREATED" } }, 400, Invalid);
        Assert.Equal(0, (int)(await QueueAsync(id))["waiting"]!);
    }

    [Fact]
    public async Task DisabledWebhook_HearsNothing_AndOneThatSleepsHoldsUpNoOther()
    {
        var never = new TaskCompletionSource();
        await using var sleeper = new HttpReceiver { Gate = never.Task };
        await NewAsync("asleep", sleeper.Address, ("REGISTERED_MODEL", "CREATED"));
        var off = await NewAsync("off", ("REGISTERED_MODEL", "CREATED"));
        await mlflow.DoAsync("PATCH", "/mlflow/webhooks/" + off, new { status = "DISABLED" });
        await NewAsync("awake", new Uri(receiver.Address, "awake"), ("REGISTERED_MODEL", "CREATED"));

        for (var i = 0; i < 20; i++)
        {
            await mlflow.DoAsync("/mlflow/registered-models/create", new { name = $"m{i}" });
        }

        await Eventually.Async(() => receiver.All.Count == 20, cancellationToken: Ct);
        Assert.All(receiver.All, r => Assert.Equal("/awake", r.Path));
        Assert.InRange(sleeper.All.Count, 1, 4);
        never.SetResult();
    }

    [Fact]
    public async Task Limits_HoldAtTheLimitAndOneBeyond()
    {
        object Body(string name, string secret = "s", string path = "") =>
            new { name, url = receiver.Address + path, secret, events = new[] { new { entity = "PROMPT", action = "CREATED" } } };
        await mlflow.DoAsync("/mlflow/webhooks", Body(new string('n', 63), new string('s', 1_000), new string('p', 2_048 - receiver.Address.AbsoluteUri.Length)));
        await mlflow.RefusedAsync("/mlflow/webhooks", Body(new string('n', 64)), 400, Invalid);
        await mlflow.RefusedAsync("/mlflow/webhooks", Body("a", new string('s', 1_001)), 400, Invalid);
        await mlflow.RefusedAsync("/mlflow/webhooks", Body("a", path: new string('p', 2_049 - receiver.Address.AbsoluteUri.Length)), 400, Invalid);
        foreach (var query in new[] { "max_results=0", "max_results=1001", "max_results=-1", "max_results=x", "page_token=!!" })
        {
            await mlflow.RefusedAsync("/mlflow/webhooks?" + query, null, 400, Invalid);
        }
    }

    private Task<string> NewAsync(string name, params (string Entity, string Action)[] events) => NewAsync(name, receiver.Address, events);

    private async Task<string> NewAsync(string name, Uri url, params (string Entity, string Action)[] events) => (string)(await mlflow.DoAsync(
        "/mlflow/webhooks", new { name, url, secret = "s", events = events.Select(e => new { entity = e.Entity, action = e.Action }) }))["webhook"]!["webhook_id"]!;

    private async Task<JsonNode> QueueAsync(string id) => JsonNode.Parse(await http.GetStringAsync($"/api/v1/webhooks/{id}/deliveries", Ct))!;

    private static string Plain(JsonNode node) => node.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
