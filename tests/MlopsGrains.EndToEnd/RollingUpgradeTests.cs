using MlopsGrains.EndToEnd.Writers;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>Programs of two versions run in one cluster while one process after the other is replaced, forwards and back.</summary>
public sealed class RollingUpgradeTests(PostgresServer postgres, ITestOutputHelper output)
{
    /// <summary>Before calls had deadlines and changes had intents for the audit chain. MLOPS_OLDER_COMMIT names another.</summary>
    private const string Older = "37c36dfdc3";

    [Fact]
    public async Task OneProcessAfterTheOther_ForwardsAndBack_LosesNothing()
    {
        var older = await OlderServer.BuiltAsync(Environment.GetEnvironmentVariable("MLOPS_OLDER_COMMIT") ?? Older);
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2, program: older);
        using var writers = await WriterGroup.StartAsync(cluster.Gateway, WriterGroup.Mixed(), repeats: false);
        await writers.AllWriteAsync();

        foreach (var (direction, program) in new[] { ("forwards", null), ("back", older) })
        {
            cluster.Program = program;
            for (var i = 0; i < cluster.Silos.Count; i++)
            {
                writers.ForgetGaps();
                var stopped = await cluster.ReplaceSiloAsync(i);
                await writers.AllWriteAsync();
                Tell($"{direction}, silo {i + 1}, stopped within {stopped.TotalSeconds:F1} s");
            }

            writers.ForgetGaps();
            await using var before = await cluster.ReplaceGatewayAsync();
            writers.Ask(cluster.Gateway);
            await before.StopAsync();
            await writers.AllWriteAsync();
            Tell($"{direction}, gateway");

            await writers.StopAsync();
            Assert.Empty(await writers.FaultsAsync(audit: false));
            writers.GoOn();
        }

        // What cannot be answered just now is said so, by either version; nothing is taken for a fault of the caller or of the platform.
        Assert.All(writers.Refusals, refusal => Assert.True(refusal.Key is "503" or nameof(TaskCanceledException), refusal.Key));

        void Tell(string what) => output.WriteLine($"{what}: longest gap {writers.Gaps[^1].TotalSeconds:F1} s ({writers.Writers.MaxBy(w => w.LongestGap)!.Name}); {writers.Acknowledged} changes; {writers.Told()}");
    }
}
