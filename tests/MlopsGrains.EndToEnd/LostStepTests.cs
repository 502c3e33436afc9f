using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>What the platform does to a step is no failure of the step, though it has one attempt only.</summary>
public sealed class LostStepTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["MLOPS_Membership__ProbeTimeout"] = "00:00:01",
        ["MLOPS_Membership__NumMissedProbesLimit"] = "2",
        ["MLOPS_Pipelines__Lease"] = "00:00:05",
        ["MLOPS_Pipelines__SweepPeriod"] = "00:00:01",
    };

    /// <summary>MLOPS_PIPELINE_RUNS tells how many runs (12); every sixth loses one of the two silos.</summary>
    [Fact]
    public async Task RunsOnTwoSilosOfWhichOneDiesNowAndThen_AllSucceed()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("MLOPS_PIPELINE_RUNS"), CultureInfo.InvariantCulture, out var given) ? given : 12;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2, Settings);
        using var caller = new Caller(cluster.Gateway.Address);
        var pipeline = await SmallPipeline.DefineAsync(caller);
        var runs = new List<string>();
        while (runs.Count < count)
        {
            runs.Add(await pipeline.StartAsync());
            if (runs.Count % 6 == 3)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(2000)), TestContext.Current.CancellationToken);
                await cluster.Silos[random.Next(2)].KillAsync();
                await cluster.ReplaceEndedAsync();
            }
        }

        foreach (var run in runs)
        {
            await pipeline.SucceedsAsync(run, TimeSpan.FromMinutes(3));
        }

        var lost = 0;
        foreach (var run in runs)
        {
            lost += (await pipeline.FindAsync(run))!["steps"]!.AsArray().Sum(s => (int)s!["attempt"]! - 1);
        }

        output.WriteLine($"{runs.Count} runs succeeded; {lost} attempts were lost");
    }
}
