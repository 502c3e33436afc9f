using MlopsGrains.Experiments;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// The points of one request that were measured for logged models. They go to the run first and then to the models; both ignore exact repeats, so a request
/// that is sent again completes what a crash left half done.
/// </summary>
internal sealed class ModelMetrics
{
    private const int ModelsAtOnce = 16;

    private readonly Dictionary<string, List<LoggedModelMetric>> models = new(StringComparer.Ordinal);

    public IEnumerable<string> ModelIds => models.Keys;

    public void Add(string modelId, LoggedModelMetric metric)
    {
        if (!models.TryGetValue(modelId, out var metrics))
        {
            models.Add(modelId, metrics = []);
        }

        metrics.Add(metric);
    }

    /// <summary>Writes to the run and to the models; nothing is written unless every model is there and takes its points.</summary>
    public async Task LogAsync(IGrainFactory grains, string runId, RunBatch batch)
    {
        var models = new List<(ILoggedModelGrain Grain, List<LoggedModelMetric> Metrics)>();
        foreach (var (id, metrics) in this.models)
        {
            models.Add((grains.GetGrain<ILoggedModelGrain>(TrackingIds.OfLoggedModel(id)), metrics.ConvertAll(m => m with { RunId = runId })));
        }

        foreach (var group in models.Chunk(ModelsAtOnce))
        {
            await Task.WhenAll(group.Select(m => m.Grain.CheckMetrics(m.Metrics)));
        }

        await grains.GetGrain<IRunGrain>(runId).LogBatch(batch);
        foreach (var group in models.Chunk(ModelsAtOnce))
        {
            await Task.WhenAll(group.Select(m => m.Grain.LogMetrics(m.Metrics)));
        }
    }
}
