using MlopsGrains.Experiments;
using Parquet;
using Parquet.Schema;

namespace MlopsGrains.Cli.Experiments.Export;

/// <summary>Rows of <c>points.parquet</c> on their way into a row group.</summary>
internal sealed class PointColumns(int capacity)
{
    private static readonly DataField RunId = new DataField<string>("run_id");
    private static readonly DataField Key = new DataField<string>("key");
    private static readonly DataField Step = new DataField<long>("step");
    private static readonly DataField Timestamp = new DataField<long>("timestamp");
    private static readonly DataField Value = new DataField<double>("value");

    private readonly List<string> runIds = new(capacity);
    private readonly List<string> keys = new(capacity);
    private readonly long[] steps = new long[capacity];
    private readonly long[] timestamps = new long[capacity];
    private readonly double[] values = new double[capacity];

    public static ParquetSchema Schema { get; } = new(RunId, Key, Step, Timestamp, Value);

    public int Count => runIds.Count;

    public void Add(string runId, Metric point)
    {
        (steps[Count], timestamps[Count], values[Count]) = (point.Step, point.Timestamp, point.Value);
        runIds.Add(runId);
        keys.Add(point.Key);
    }

    /// <summary>Writes what is there as a row group, if anything is.</summary>
    public async Task WriteAsync(ParquetWriter writer, CancellationToken cancellationToken)
    {
        if (Count == 0)
        {
            return;
        }

        using var group = writer.CreateRowGroup();
        await group.WriteAsync(RunId, runIds);
        await group.WriteAsync(Key, keys);
        await group.WriteAsync<long>(Step, steps.AsMemory(0, Count), cancellationToken: cancellationToken);
        await group.WriteAsync<long>(Timestamp, timestamps.AsMemory(0, Count), cancellationToken: cancellationToken);
        await group.WriteAsync<double>(Value, values.AsMemory(0, Count), cancellationToken: cancellationToken);
        group.CompleteValidate();
        runIds.Clear();
        keys.Clear();
    }
}
