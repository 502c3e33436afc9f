using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>Webhooks outlive the process that owes them: the receiver, which is down until the kill, hears of every answered change.</summary>
internal sealed class WebhooksPromise : IPromise, IAsyncDisposable
{
    // Attempts for longer than a slow machine takes from the first change to the receiver's return: a parked delivery is not owed any more.
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["MLOPS_Webhooks__AllowHttp"] = "true", ["MLOPS_Webhooks__AllowPrivateTargets"] = "true", ["MLOPS_Webhooks__RetryDelay"] = "00:00:00.200", ["MLOPS_Webhooks__RetryDelayMax"] = "00:00:02",
        ["MLOPS_Webhooks__AttemptsMax"] = "50",
    };

    private static readonly string[] Names = [.. Enumerable.Range(0, 20).Select(i => $"owed-{i:00}")];

    private readonly HttpReceiver receiver = new() { Status = _ => 503 };

    public async Task GiveAsync(Caller caller)
    {
        await caller.DoAsync(
            Caller.Mlflow + "webhooks", new { name = "w", url = receiver.Address, secret = "s", events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } });
        foreach (var name in Names)
        {
            await caller.DoAsync(Caller.Mlflow + "registered-models/create", new { name });
        }
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        var refused = receiver.All.Count;
        receiver.Status = _ => 200;
        await Eventually.Async(() => Names.All(Heard(refused).Contains), TimeSpan.FromSeconds(60));
    }

    public ValueTask DisposeAsync() => receiver.DisposeAsync();

    private HashSet<string> Heard(int after) => [.. receiver.All.Skip(after).Select(r => (string)JsonNode.Parse(r.Body)!["data"]!["name"]!)];
}
