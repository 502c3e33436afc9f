using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Testing;

/// <summary>Traffic as an aggregator tells a monitor of it, without a model: a delta closes a window of <c>windowRows</c>.</summary>
internal static class WatchedTraffic
{
    /// <summary>One window for each of <paramref name="drifts"/>: spread like the reference, or with all numbers in the highest bin.</summary>
    public static async Task SendAsync(IServiceProvider services, string deployment, int rows, IReadOnlyList<bool> drifts)
    {
        var monitor = services.GetRequiredService<IGrainFactory>().GetGrain<IMonitorGrain>(deployment);
        var (aggregator, token) = (Guid.NewGuid().ToString("N"), TestContext.Current.CancellationToken);
        for (var i = 0; i < drifts.Count; i++)
        {
            var reference = await monitor.GetReference(token) ?? throw new InvalidOperationException($"There is no monitor '{deployment}'.");
            await monitor.Apply(new MonitorDelta(aggregator, i + 1, reference.Generation, rows, [.. reference.Features.Select(f => Counts(f, rows, drifts[i]))]), token);
        }
    }

    private static long[] Counts(FeatureBins feature, int rows, bool drifts)
    {
        var bins = feature.Edges is { } edges ? edges.Length - 1 : feature.Categories!.Length;
        var counts = new long[bins + (feature.Edges is null ? 3 : 4)];
        for (var row = 0; row < rows; row++)
        {
            counts[drifts && feature.Edges is not null ? bins - 1 : row % bins]++;
        }

        return counts;
    }
}
