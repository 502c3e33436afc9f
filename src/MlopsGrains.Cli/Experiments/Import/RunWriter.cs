using MlopsGrains.Client;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>Writes old data into a run in full batches, numbered so that one that has to be sent twice counts once.</summary>
internal sealed class RunWriter(MlopsGrainsClient client, string runId)
{
    private readonly string producerId = Guid.CreateVersion7().ToString("N");
    private readonly List<string> keys = [];
    private readonly List<int> keyIndexes = [];
    private readonly List<SourcePoint> points = [];
    private long sequence;

    public async Task AddAsync(string key, SourcePoint point, CancellationToken cancellationToken)
    {
        if (keys.Count == 0 || keys[^1] != key)
        {
            keys.Add(key); // Points come key by key.
        }

        keyIndexes.Add(keys.Count - 1);
        points.Add(point);
        if (points.Count == BatchLimits.MetricsMax)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (points.Count == 0)
        {
            return;
        }

        var columns = new MetricColumns(
            [.. keys], [.. keyIndexes], [.. points.Select(p => p.Value)], [.. points.Select(p => p.Timestamp)], [.. points.Select(p => p.Step)]);
        keys.Clear();
        keyIndexes.Clear();
        points.Clear();
        await SendAsync(columns, [], [], cancellationToken);
    }

    public async Task SendParamsAsync(IReadOnlyList<Tag> parameters, CancellationToken cancellationToken)
    {
        foreach (var batch in parameters.Chunk(BatchLimits.PairsMax))
        {
            await SendAsync(MetricColumns.Empty, batch, [], cancellationToken);
        }
    }

    public async Task SendTagsAsync(IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        foreach (var batch in tags.Chunk(BatchLimits.PairsMax))
        {
            await SendAsync(MetricColumns.Empty, [], batch, cancellationToken);
        }
    }

    private Task SendAsync(MetricColumns metrics, IReadOnlyList<Tag> parameters, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) =>
        client.Runs.LogBatchAsync(runId, new RunBatch(metrics, parameters, tags, new ProducerPosition(producerId, ++sequence)), cancellationToken);
}
