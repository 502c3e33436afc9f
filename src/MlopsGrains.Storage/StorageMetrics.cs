using System.Diagnostics.Metrics;

namespace MlopsGrains.Storage;

/// <summary>The meter "MlopsGrains.Storage"; every instrument is tagged with the engine.</summary>
internal sealed class StorageMetrics : IDisposable
{
    public const string MeterName = "MlopsGrains.Storage";

    private readonly Meter meter;
    private readonly bool ownsMeter;
    private readonly Counter<long> commits;
    private readonly Counter<long> failures;
    private readonly Counter<long> refusals;
    private readonly Histogram<int> batchSize;
    private readonly Histogram<double> duration;
    private readonly KeyValuePair<string, object?> engine;

    public StorageMetrics(IMeterFactory? factory, string engine, Func<long> queueLength)
    {
        ownsMeter = factory is null;
        meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        this.engine = new("engine", engine);
        commits = meter.CreateCounter<long>("mlops.storage.commits", "{commit}", "Group commits");
        failures = meter.CreateCounter<long>("mlops.storage.commits.failed", "{commit}", "Group commits that failed");
        refusals = meter.CreateCounter<long>("mlops.storage.writes.refused", "{operation}", "Writes refused because the queue was full");
        batchSize = meter.CreateHistogram<int>("mlops.storage.batch.size", "{operation}", "Writes in one group commit");
        duration = meter.CreateHistogram<double>("mlops.storage.commit.duration", "s", "Time of one group commit");
        meter.CreateObservableGauge("mlops.storage.queue.length", () => new Measurement<long>(queueLength(), this.engine), "{operation}", "Writes that wait or are being committed");
    }

    /// <summary>Whether the last group commit failed.</summary>
    public bool Fails { get; private set; }

    public void Committed(int operations, TimeSpan elapsed)
    {
        Fails = false;
        commits.Add(1, engine);
        batchSize.Record(operations, engine);
        duration.Record(elapsed.TotalSeconds, engine);
    }

    public void Failed()
    {
        Fails = true;
        failures.Add(1, engine);
    }

    public void Refused() => refusals.Add(1, engine);

    public void Dispose()
    {
        // A factory's meter is shared and belongs to the factory.
        if (ownsMeter)
        {
            meter.Dispose();
        }
    }
}
