using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>Asks the runs and puts their answers together.</summary>
[GrainType("metric-histories")]
[StatelessWorker]
internal sealed class MetricHistoriesGrain(IGrainFactory grains) : Grain, IMetricHistoriesGrain
{
    private const int RunsAtOnce = 16;

    public async Task<IReadOnlyList<RunMetricHistory>> All(IReadOnlyList<string> runIds, string key, int maxResults, CancellationToken cancellationToken = default)
    {
        Limit.Page("max_results", maxResults, TrackingLimits.HistoryPageMax);
        var histories = new List<RunMetricHistory>();
        foreach (var id in Distinct(runIds).Order(StringComparer.Ordinal))
        {
            if (maxResults > 0 && await grains.GetGrain<IRunGrain>(id).GetMetricHistory(key, null, maxResults, cancellationToken) is { Points: { Count: > 0 } points })
            {
                histories.Add(new RunMetricHistory(id, points));
                maxResults -= points.Count;
            }
        }

        return histories;
    }

    public async Task<IReadOnlyList<RunMetricHistory>> Sampled(
        IReadOnlyList<string> runIds, string key, long? startStep, long? endStep, int maxSteps, CancellationToken cancellationToken = default)
    {
        Limit.Page("max_results", maxSteps, TrackingLimits.HistoryStepsMax);
        if (startStep is null != endStep is null)
        {
            throw MlopsException.Invalid("start_step", "If either start step or end step are specified, both must be specified.");
        }

        if (startStep > endStep)
        {
            throw MlopsException.Invalid("start_step", $"end_step must be greater than start_step. Found start_step={startStep} and end_step={endStep}.");
        }

        var ids = Distinct(runIds);
        var steps = await Ask(ids, (run, _) => run.GetSteps(key, startStep ?? 0, endStep ?? long.MaxValue, cancellationToken));
        var series = steps.ConvertAll(s => (IReadOnlyList<StepRun>)[.. s.Firsts.Select((first, i) => new StepRun(first, s.Strides[i], s.Counts[i]))]);
        var chosen = StepSampling.Choose(series, maxSteps)
            ?? throw MlopsException.Invalid("start_step", $"The runs have more than {StepSampling.StepsMax} steps in range together; ask for a narrower range with start_step and end_step.");
        var points = await Ask(ids, (run, _) => run.GetPointsAt(key, chosen, TrackingLimits.HistoryPageMax, cancellationToken));
        return [.. ids.Zip(points, (id, columns) => new RunMetricHistory(id, columns)).Where(h => h.Points.Count > 0)];
    }

    public async Task<IReadOnlyList<MetricCurve>> Curves(CurveQuery query, CancellationToken cancellationToken = default)
    {
        var asked = CurveRules.Check(query);
        var curves = await Ask(asked.RunIds, (run, _) => run.GetCurves(asked, cancellationToken));
        return [.. asked.RunIds.Zip(curves, (id, some) => some ?? throw TrackingErrors.NoRun(id)).SelectMany(some => some)];
    }

    private async Task<List<T>> Ask<T>(IReadOnlyList<string> ids, Func<IMetricSource, string, Task<T>> ask)
    {
        var answers = new List<T>();
        foreach (var batch in ids.Chunk(RunsAtOnce))
        {
            answers.AddRange(await Task.WhenAll(batch.Select(id => ask(grains.GetGrain<IMetricSource>(id), id))));
        }

        return answers;
    }

    private static List<string> Distinct(IReadOnlyList<string> runIds)
    {
        if (runIds.Count is 0 or > TrackingLimits.HistoryRunsMax)
        {
            throw MlopsException.Invalid("run_ids", $"{runIds.Count} run ids are given; expected 1–{TrackingLimits.HistoryRunsMax}.");
        }

        foreach (var id in runIds)
        {
            TrackingIds.CheckRun("runIds", id);
        }

        return [.. runIds.Distinct(StringComparer.Ordinal)];
    }
}
