using System.Diagnostics.Metrics;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The meter <c>MlopsGrains.Experiments</c>: what this silo's runs stored.</summary>
internal sealed class ExperimentMetrics
{
    private readonly Counter<long> created;
    private readonly Counter<long> ended;
    private readonly Counter<long> points;

    public ExperimentMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("MlopsGrains.Experiments");
        created = meter.CreateCounter<long>("mlops.runs.created", "{run}", "Runs created.");
        ended = meter.CreateCounter<long>("mlops.runs.ended", "{run}", "Runs ended, by status.");
        points = meter.CreateCounter<long>("mlops.points", "{point}", "Metric points stored.");
    }

    public void Happened(IReadOnlyList<RunEvent> events)
    {
        foreach (var e in events)
        {
            switch (e)
            {
                case RunCreated:
                    created.Add(1);
                    break;
                case BatchLogged { Metrics.Count: > 0 } batch:
                    points.Add(batch.Metrics.Count);
                    break;
                case RunUpdated { Status: RunStatus.Finished or RunStatus.Failed or RunStatus.Killed } update:
                    ended.Add(1, new KeyValuePair<string, object?>("status", update.Status.ToString()!.ToLowerInvariant()));
                    break;
                default:
                    break;
            }
        }
    }
}
