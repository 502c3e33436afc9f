using System.Diagnostics.Metrics;
using MlopsGrains.Grains.Pipelines.Runs;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>The meter <c>MlopsGrains.Pipelines</c>: what this silo's pipeline runs and workers did.</summary>
internal sealed class PipelineMetrics
{
    private readonly Counter<long> started;
    private readonly Counter<long> ended;
    private readonly Counter<long> attempts;
    private readonly UpDownCounter<long> running;
    private readonly UpDownCounter<long> queued;

    public PipelineMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("MlopsGrains.Pipelines");
        started = meter.CreateCounter<long>("mlops.pipelines.runs.started", "{run}", "Pipeline runs started.");
        ended = meter.CreateCounter<long>("mlops.pipelines.runs.ended", "{run}", "Pipeline runs ended, by status.");
        attempts = meter.CreateCounter<long>("mlops.pipelines.attempts.ended", "{attempt}", "Attempts of steps ended, by outcome.");
        running = meter.CreateUpDownCounter<long>("mlops.pipelines.steps.running", "{step}", "Steps that this process's workers run.");
        queued = meter.CreateUpDownCounter<long>("mlops.pipelines.queue.length", "{step}", "Ready steps that wait for a worker.");
    }

    /// <param name="events">What was stored.</param>
    /// <param name="state">The run after it.</param>
    public void Happened(IReadOnlyList<PipelineRunEvent> events, PipelineRunState state)
    {
        foreach (var e in events)
        {
            switch (e)
            {
                case RunBegan:
                    started.Add(1);
                    break;
                case AttemptEnded attempt:
                    attempts.Add(1, Tag("outcome", attempt.Outcome.ToString()));
                    break;
                case Announced { End: true }:
                    ended.Add(1, Tag("status", state.Status.ToString()));
                    break;
                default:
                    break;
            }
        }
    }

    public void Running(int change) => running.Add(change);

    public void Queued(int change) => queued.Add(change);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value.ToLowerInvariant());
}
