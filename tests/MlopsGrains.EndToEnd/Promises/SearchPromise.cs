using System.Text;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>A search finds the same runs in the same order. Half of them have ended: their rows lie in the index's own journal, and the others are asked.</summary>
internal sealed class SearchPromise(Installation installation) : IPromise
{
    private const int Runs = 24;
    private const string Filter = "metrics.acc > 0.2 AND params.lr = '0.1'";

    private string experiment = "";
    private string found = "";

    public async Task GiveAsync(Caller caller)
    {
        experiment = await caller.NewExperimentAsync("searched");
        await Task.WhenAll(Enumerable.Range(0, Runs).Select(async i =>
        {
            var run_id = await caller.NewRunAsync(experiment, $"settled-{i % 2}");
            await caller.DoAsync(Caller.Mlflow + "runs/log-batch", new
            {
                run_id, metrics = new[] { new { key = "acc", value = (double)i / Runs, timestamp = 1, step = 1 } }, @params = new[] { new { key = "lr", value = i % 3 == 0 ? "0.5" : "0.1" } },
            });
            if (i % 2 == 1)
            {
                await caller.DoAsync(Caller.Mlflow + "runs/update", new { run_id, status = "FINISHED", end_time = 1_700_000_001_000 });
            }
        }));
        found = await FindAsync(caller);
        Assert.Equal(Enumerable.Range(0, Runs).Count(i => i > 0.2 * Runs && i % 3 != 0), found.Split("\"run_id\"").Length - 1);
    }

    /// <summary>While no server runs.</summary>
    public async Task AssertSettledAsync()
    {
        var payloads = await installation.ReadAsync(async journal =>
        {
            var bytes = new StringBuilder();
            foreach (var stream in await journal.ListStreamsAsync($"run-index/{experiment}/", null, JournalLimits.ListMax))
            {
                var slice = await journal.ReadAsync(stream);
                foreach (var payload in slice.Entries.Append(slice.Snapshot ?? default))
                {
                    bytes.Append(Encoding.Latin1.GetString(payload.Span));
                }
            }

            return bytes.ToString();
        });
        Assert.Contains("settled-1", payloads, StringComparison.Ordinal);
        Assert.DoesNotContain("settled-0", payloads, StringComparison.Ordinal);
    }

    public async Task AssertKeptAsync(Caller caller) => Assert.Equal(found, await FindAsync(caller));

    private async Task<string> FindAsync(Caller caller) =>
        (await caller.DoAsync(Caller.Mlflow + "runs/search", new { experiment_ids = new[] { experiment }, filter = Filter, order_by = new[] { "metrics.acc DESC" } })).ToJsonString();
}
