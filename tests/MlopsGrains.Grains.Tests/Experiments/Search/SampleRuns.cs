using CsCheck;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

/// <summary>Random rows, filters and orders over few keys and values, so that they meet often.</summary>
internal static class SampleRuns
{
    public static readonly Gen<double> Number = Gen.OneOf(-1, 0, 0.1, 0.5, 1, 2, double.NaN, double.PositiveInfinity, double.NegativeInfinity);

    private static readonly Gen<string> Word = Gen.OneOf("x", "y", "X", "xy", "");

    private static readonly Gen<long> Whole = Gen.OneOf(0L, 1, 2, 3, long.MaxValue, long.MinValue, 5_000_000_000);

    private static readonly Gen<(string Key, Metric Metric, MetricSummary History)[]> Metrics =
        Gen.Select(Gen.OneOf("a", "b", "c"), Number, Whole, Whole, Gen.Select(Number.Array[0, 3], Gen.Bool)).Select((key, value, time, step, more) =>
        {
            var history = default(MetricSummary).With(value);
            return (key, new Metric(key, value, time, step), more.Item2 ? more.Item1.Aggregate(history, (h, v) => h.With(v)) : history);
        }).Array[0, 3];

    private static readonly Gen<Tag[]> Pairs = Gen.Select(Gen.OneOf("p", "q", "r"), Word).Select((k, v) => new Tag(k, v)).Array[0, 3];

    private static readonly Gen<DatasetInput[]> Inputs = Gen.Select(Word, Word, Gen.Bool).Select((name, context, some) =>
        new DatasetInput(name, "d" + name, "local", "s", some ? "schema" : null, null, some ? [new("mlflow.data.context", context)] : [])).Array[0, 2];

    public static Gen<CollectedRun> Row(Gen<string> id) => Gen.Select(id, Metrics, Gen.Select(Pairs, Pairs, Inputs), Head, Gen.Int[0, 3]).Select((runId, metrics, lists, info, models) =>
    {
        var kept = metrics.DistinctBy(m => m.Key).OrderBy(m => m.Key, StringComparer.Ordinal).ToList();
        var run = new Run(
            info with { RunId = runId, ArtifactUri = info.ArtifactUri.Replace("ID", runId, StringComparison.Ordinal) },
            [.. kept.Select(m => m.Metric)], Sorted(lists.Item1), Sorted(lists.Item2), lists.Item3,
            [.. Enumerable.Range(0, models / 2).Select(m => $"m-{m}")], [.. Enumerable.Range(0, models).Select(m => new ModelOutput($"m-{m}", -5L << (12 * m)))]);
        return new CollectedRun(run, [.. kept.Select(m => m.History)]);
    });

    public static readonly Gen<string> Id = Gen.OneOf(Gen.Int[0, 30].Select(n => $"{n:x32}"), Gen.Int[0, 5].Select(n => $"Run-{n}"));

    public static readonly Gen<string> Filter = Gen.Recursive<string>((depth, deeper) => depth >= 3
        ? Comparison
        : Gen.Frequency(
            (4, Comparison),
            (1, deeper.Array[2, 3].Select(terms => $"({string.Join(" AND ", terms)})")),
            (1, deeper.Array[2, 3].Select(terms => $"({string.Join(" OR ", terms)})")),
            (1, deeper.Select(term => $"NOT {term}"))));

    public static readonly Gen<string[]> Order = Gen.Select(
        Gen.OneOf("metrics.a", "metrics.b", "params.p", "tags.q", "start_time", "end_time", "run_name", "status", "run_id", "user_id", "artifact_uri", "max(metrics.a)", "min(metrics.b)", "avg(metrics.c)", "last(metrics.c)"), Gen.OneOf("", " ASC", " DESC"))
        .Array[0, 3].Select(keys => keys.DistinctBy(k => k.Item1).Select(k => k.Item1 + k.Item2).ToArray());

    private static Gen<string> Comparison => Gen.OneOf(
        Gen.Select(Gen.OneOf("metrics.a", "metrics.b", "max(metrics.a)", "min(metrics.b)", "avg(metrics.a)", "last(metrics.c)", "start_time", "end_time"), Gen.OneOf("=", "!=", ">", ">=", "<", "<="), Gen.OneOf("-1", "0", "0.5", "1", "3"))
            .Select((key, op, value) => $"{key} {op} {value}"),
        Gen.Select(
            Gen.OneOf("params.p", "params.q", "tags.p", "tags.r", "run_name", "user_id", "status", "artifact_uri", "run_id", "datasets.name", "datasets.digest", "datasets.context"),
            Gen.OneOf("= 'x'", "!= 'x'", "= 'absent'", "LIKE 'x%'", "ILIKE '%X%'", "IN ('x', 'y')", "NOT IN ('x', 'FINISHED')", "= 'RUNNING'", "= '00000000000000000000000000000003'", "LIKE '%Run%'"))
            .Select((key, test) => $"{key} {test}"),
        Gen.Select(Gen.OneOf("params.p", "tags.q"), Gen.OneOf("IS NULL", "IS NOT NULL")).Select((key, test) => $"{key} {test}"));

    private static Gen<RunInfo> Head => Gen.Select(
        Word, Word, Gen.OneOf(RunStatus.Running, RunStatus.Scheduled, RunStatus.Finished, RunStatus.Failed, RunStatus.Killed), Whole,
        Gen.Select(Gen.Bool, Whole), Gen.OneOf("mlflow-artifacts:/7/ID/artifacts", "s3://b/x", "a\0b"), Gen.OneOf(LifecycleStage.Active, LifecycleStage.Active, LifecycleStage.Deleted))
        .Select((name, user, status, start, end, uri, stage) => new RunInfo("", "7", name, user, status, start, end.Item1 && end.Item2 != long.MinValue ? end.Item2 : null, uri, stage));

    public static CollectedRun Collected(Run run) => new(run, [.. run.Metrics.Select(m => default(MetricSummary).With(m.Value))]);

    public static List<Run> Find(RunTable table, string? filter, string[] orderBy, LifecycleView view, RunPlace? after, int limit)
    {
        var (hits, _, _) = RunScan.Find(table, RunFilter.Parse(filter).Bind(table, new StepValues([])), RunOrder.Parse(orderBy), view, after, limit);
        return [.. hits.Select(hit => table.Read(hit.Block, hit.Row).Run)];
    }

    private static Tag[] Sorted(Tag[] pairs) => [.. pairs.DistinctBy(p => p.Key).OrderBy(p => p.Key, StringComparer.Ordinal)];
}
