using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>Webhooks outlive the process that owes them.</summary>
public sealed class WebhookTests
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["MLOPS_Webhooks__AllowHttp"] = "true", ["MLOPS_Webhooks__AllowPrivateTargets"] = "true", ["MLOPS_Webhooks__RetryDelay"] = "00:00:00.200", ["MLOPS_Webhooks__RetryDelayMax"] = "00:00:01",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ProcessKilledWhileTheReceiverIsDown_EveryAnsweredChangeIsDeliveredAfterRestart()
    {
        using var directory = new TempDirectory();
        await using var receiver = new HttpReceiver { Status = _ => 503 };
        await using (var first = await ServerProcess.StartAsync(["--data", directory.Path], Environment))
        {
            using var http = new HttpClient { BaseAddress = first.Address };
            await PostAsync(http, "webhooks", new { name = "w", url = receiver.Address, secret = "s", events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } });
            for (var i = 0; i < 20; i++)
            {
                await PostAsync(http, "registered-models/create", new { name = $"m{i}" });
            }

            await first.KillAsync();
        }

        var refused = receiver.All.Count;
        receiver.Status = _ => 200;
        await using var second = await ServerProcess.StartAsync(["--data", directory.Path], Environment);

        await Eventually.Async(() => Names(receiver.All.Skip(refused)).Count == 20, TimeSpan.FromSeconds(60), Ct);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"m{i}").Order(StringComparer.Ordinal), Names(receiver.All.Skip(refused)).Order(StringComparer.Ordinal));
    }

    private static HashSet<string> Names(IEnumerable<HttpReceiver.Received> received) => [.. received.Select(r => (string)JsonNode.Parse(r.Body)!["data"]!["name"]!)];

    private static async Task PostAsync(HttpClient http, string path, object body)
    {
        using var answer = await http.PostAsJsonAsync("/api/2.0/mlflow/" + path, body, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }
}
