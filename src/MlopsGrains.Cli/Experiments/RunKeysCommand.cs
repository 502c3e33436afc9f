using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

/// <summary>What the runs of an experiment hold.</summary>
internal static class RunKeysCommand
{
    private const int ValuesShown = 5;

    public static Command Create(CommandSet set)
    {
        var experiment = new Option<string>("--experiment", "-e") { Description = "Name or id of an experiment.", HelpName = "experiment", DefaultValueFactory = _ => "Default" };
        var filter = new Option<string?>("--filter") { Description = "Only of the runs that match, in the grammar of the search.", HelpName = "expression" };
        var limit = new Option<int>("--limit") { Description = $"At most so many metrics, params and tags each, 1–{TrackingLimits.KeysMax:N0}.", DefaultValueFactory = _ => 1000 };
        string[] examples = ["mlops runs keys -e churn", "mlops runs keys -e churn --filter \"metrics.auc > 0.9\" --json"];
        return set.Leaf("keys", "Lists the metrics, params and tags that the runs of an experiment have, with ranges and commonest values.", examples, [experiment, filter, limit], async call =>
        {
            var id = (await ExperimentCommands.FindAsync(call.Client, call.Get(experiment)!, call.Cancel)).ExperimentId;
            var keys = await call.Client.Runs.GetKeysAsync(new RunKeysQuery(id, call.Get(filter), Limit: call.Get(limit)), call.Cancel);
            IReadOnlyList<Row> rows =
            [
                .. keys.Metrics.Select(m => new Row($"metrics.{m.Key}", m.Runs, m.Min, m.Max, null, [])),
                .. keys.Params.Select(p => new Row($"params.{p.Key}", p.Runs, p.Min, p.Max, p.Values, p.Commonest)),
                .. keys.Tags.Select(t => new Row($"tags.{t.Key}", t.Runs, t.Min, t.Max, t.Values, t.Commonest)),
            ];
            return call.List(rows, "No runs match.",
                ("KEY", r => r.Key),
                ("RUNS", r => ValueText.Whole(r.Runs)),
                ("LEAST", r => ValueText.Number(r.Min)),
                ("GREATEST", r => ValueText.Number(r.Max)),
                ("VALUES", r => r.Values is { } values ? ValueText.Whole(values) : null),
                ("COMMONEST", r => string.Join(", ", r.Commonest.Take(ValuesShown).Select(v => v.Value))));
        });
    }

    private sealed record Row(string Key, long Runs, double? Min, double? Max, long? Values, IReadOnlyList<RunValue> Commonest);
}
