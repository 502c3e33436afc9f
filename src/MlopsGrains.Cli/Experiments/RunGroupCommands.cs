using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;

namespace MlopsGrains.Cli.Experiments;

/// <summary>Groups of repeated runs.</summary>
internal static class RunGroupCommands
{
    public static Command Groups(CommandSet set)
    {
        var options = new Options();
        var least = new Option<int>("--runs-min") { Description = "Groups with at least this many runs.", DefaultValueFactory = _ => 2 };
        var limit = new Option<int>("--limit") { Description = $"At most this many groups, 1–{TrackingLimits.RunGroupsMax:N0}.", DefaultValueFactory = _ => 100 };
        string[] examples = ["mlops runs groups -e churn --metric auc", "mlops runs groups -e churn --seed split_seed --filter \"attributes.status = 'FINISHED'\" --json"];
        return set.Leaf("groups", "Lists repeated runs of one configuration, with mean and spread.", examples, [.. options.All, least, limit], async call =>
        {
            var query = (await options.QueryAsync(call)) with { RunsMin = call.Get(least), MaxResults = call.Get(limit) };
            var groups = await call.Client.RunGroups.FindAsync(query, call.Cancel);
            return call.List(groups, "No groups.",
                ("ID", g => g.Id),
                ("RUNS", g => ValueText.Whole(g.Runs)),
                ("PARAMS", g => ValueText.Pairs(g.Params.Take(4).Select(p => KeyValuePair.Create(p.Key, p.Value)))),
                ("METRICS", g => ValueText.Pairs(g.Metrics.Take(4).Select(m => KeyValuePair.Create(m.Key, Mean(m))))));
        });
    }

    public static Command Compare(CommandSet set)
    {
        var options = new Options();
        var first = new Argument<string>("first") { Description = "Id of the group compared with." };
        var second = new Argument<string>("second") { Description = "Id of the other group." };
        string[] examples =
        [
            "mlops runs compare 3f0c5e6a7b8c9d0e1f2a3b4c5d6e7f80 9a41b2c3d4e5f60718293a4b5c6d7e8f -e churn --metric auc",
            "mlops runs compare 3f0c5e6a7b8c9d0e1f2a3b4c5d6e7f80 9a41b2c3d4e5f60718293a4b5c6d7e8f -e churn --json",
        ];
        return set.Leaf("compare", "Tests whether two groups differ by more than chance.", examples, [first, second, .. options.All], async call =>
        {
            var query = await options.QueryAsync(call);
            var comparison = await call.Client.RunGroups.CompareAsync(query, await IdAsync("first", call.Get(first)), await IdAsync("second", call.Get(second)), call.Cancel);
            Task<string> IdAsync(string field, string given) => Ids.OneOfAsync(field, given, IdFormat.Length, async () =>
                [.. (await call.Client.RunGroups.FindAsync(query with { RunsMin = 1, MaxResults = TrackingLimits.RunGroupsMax }, call.Cancel)).Select(g => new Ids.Candidate(g.Id, ValueText.Pairs(g.Params.Select(p => KeyValuePair.Create(p.Key, p.Value))) ?? ""))]);

            return call.List(comparison.Metrics, "The groups have no metric in common.",
                ("METRIC", m => m.Key),
                ("FIRST", m => Mean(comparison.First.Metrics.First(g => g.Key == m.Key))),
                ("SECOND", m => Mean(comparison.Second.Metrics.First(g => g.Key == m.Key))),
                ("DIFFERENCE", m => ValueText.Number(m.Difference)),
                ("WELCH P", m => ValueText.Number(m.WelchP)),
                ("EFFECT", m => ValueText.Number(m.EffectSize)),
                ("RANK P", m => ValueText.Number(m.RankP)));
        });
    }

    private static string Mean(RunGroupMetric metric) =>
        metric is { Low: { } low, High: { } high } ? $"{ValueText.Number(metric.Mean)} ({ValueText.Number(low)} to {ValueText.Number(high)})" : ValueText.Number(metric.Mean);

    private sealed class Options
    {
        private readonly Option<string> experiment = new("--experiment", "-e")
        {
            Description = "Name or id of the experiment.", HelpName = "experiment", DefaultValueFactory = _ => "Default",
        };

        private readonly Option<string?> filter = new("--filter") { Description = "MLflow's filter grammar.", HelpName = "expression" };

        private readonly Option<string[]> seeds = new("--seed")
        {
            Description = "A param that is a seed; may be repeated. Otherwise seed, random_state and random_seed.", HelpName = "param",
        };

        private readonly Option<string[]> metrics = new("--metric") { Description = "A metric to look at; may be repeated. Otherwise all.", HelpName = "key" };

        private readonly Option<double> confidence = new("--confidence") { Description = "Of the intervals, 0.5–0.9999.", DefaultValueFactory = _ => 0.95 };

        public Symbol[] All => [experiment, filter, seeds, metrics, confidence];

        public async Task<RunGroupQuery> QueryAsync(CommandCall call)
        {
            var found = await ExperimentCommands.FindAsync(call.Client, call.Get(experiment)!, call.Cancel);
            var given = call.Get(seeds) is { Length: > 0 } some ? some : null;
            return new RunGroupQuery(found.ExperimentId, call.Get(filter), given, call.Get(metrics), call.Get(confidence));
        }
    }
}
