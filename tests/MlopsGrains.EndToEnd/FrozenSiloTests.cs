using System.Diagnostics;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>A silo that does not run for a while (SIGSTOP) and then goes on, in a cluster with the settings that it is shipped with.</summary>
public sealed class FrozenSiloTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FrozenSilo_IsEvicted_ItsKeysAreWritable_AndItEndsWhenItThaws()
    {
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2);
        using var writers = await TagWriters.StartAsync(cluster.Gateway, keys: 24);
        await writers.AllWriteAsync();

        var frozen = cluster.Silos[1];
        frozen.Freeze();
        var began = Stopwatch.StartNew();
        await cluster.EvictedAsync(frozen, TimeSpan.FromSeconds(40));
        output.WriteLine($"evicted after {began.Elapsed.TotalSeconds:F1} s");
        await writers.AllWriteAsync();
        output.WriteLine($"all written after {began.Elapsed.TotalSeconds:F1} s; longest gap {writers.LongestGap.TotalSeconds:F1} s");
        frozen.Thaw();

        Assert.Equal(3, await frozen.ExitAsync());
        output.WriteLine(string.Join(", ", writers.Refusals));
        Assert.Contains("is no member of its cluster any more", frozen.Output, StringComparison.Ordinal);
        await writers.StopAsync();
        await writers.AssertNothingUndoneAsync();
    }
}
