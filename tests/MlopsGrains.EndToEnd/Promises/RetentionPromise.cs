using System.Net;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>What was removed for good stays away, what was not asked for stays, and a step that was cut off is finished and told of, once.</summary>
internal sealed class RetentionPromise : IPromise
{
    /// <summary>So that there are many steps, one of which is cut off.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string> { ["MLOPS_Retention__RunsPerStep"] = "2" };

    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts";
    private const int Kept = 10;
    private const int Deleted = 60;

    private string experiment = "";
    private string other = "";
    private string[] runs = [];
    private int removed;
    private Task collecting = Task.CompletedTask;

    public async Task GiveAsync(Caller caller)
    {
        experiment = await caller.NewExperimentAsync("tidied");
        other = await caller.NewExperimentAsync("removed");
        await caller.NewRunAsync(other);
        await caller.DoAsync(Caller.Mlflow + "experiments/delete", new { experiment_id = other });
        runs = await Task.WhenAll(Enumerable.Range(0, Kept + Deleted).Select(async i =>
        {
            var run = await caller.NewRunAsync(experiment);
            await caller.DoAsync(FileOf(run), "bytes"u8.ToArray(), HttpMethod.Put);
            if (i >= Kept)
            {
                await caller.DoAsync(Caller.Mlflow + "runs/delete", new { run_id = run });
            }

            return run;
        }));
        collecting = CollectAsync(caller);
        await Testing.Eventually.Async(() => Volatile.Read(ref removed) >= 4 || collecting.IsCompleted);
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        await collecting;
        Assert.InRange(removed, 4, Deleted - 1);
        await caller.GcAsync().LastAsync();

        Assert.Equal(runs.Take(Kept).Order(), (await caller.SearchAsync(experiment)).Select(r => (string)r["info"]!["run_id"]!).Order());
        for (var i = 0; i < runs.Length; i++)
        {
            var expected = i < Kept ? HttpStatusCode.OK : HttpStatusCode.NotFound;
            Assert.Equal(expected, (await caller.SendAsync("/api/v1/runs/" + runs[i])).Status);
            Assert.Equal(expected, (await caller.SendAsync(FileOf(runs[i]))).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await caller.SendAsync(Caller.Mlflow + "experiments/get?experiment_id=" + other)).Status);
        var told = (await caller.AuditAsync("retention.removed")).ToLookup(e => (string)e["subject"]!, e => e["detail"]!);

        Assert.Equal(Deleted, told[$"experiment/{experiment}"].Sum(Runs));
        Assert.Equal(1, told[$"experiment/{other}"].Sum(Runs));
    }

    private static int Runs(System.Text.Json.Nodes.JsonNode detail) => int.Parse((string)detail["runs"]!, System.Globalization.CultureInfo.InvariantCulture);

    private async Task CollectAsync(Caller caller)
    {
        try
        {
            await foreach (var step in caller.GcAsync())
            {
                Interlocked.Add(ref removed, (int)step["runs"]!);
            }
        }
        catch (HttpRequestException)
        {
            // The server is gone.
        }
    }

    private string FileOf(string run) => $"{Artifacts}/{experiment}/{run}/artifacts/f";
}
