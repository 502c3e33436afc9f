using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

/// <summary>Which params move a metric.</summary>
internal static class RunSharesCommand
{
    public static Command Create(CommandSet set)
    {
        var experiment = new Option<string>("--experiment", "-e") { Description = "Name or id of an experiment.", HelpName = "experiment", DefaultValueFactory = _ => "Default" };
        var metric = new Option<string>("--metric", "-m") { Description = "The metric.", HelpName = "key", Required = true };
        var filter = new Option<string?>("--filter") { Description = "Only over the runs that match, in the grammar of the search.", HelpName = "expression" };
        string[] examples = ["mlops runs shares -e churn -m auc", "mlops runs shares -e churn -m auc --filter \"params.trainer = 'lightgbm'\" --json"];
        return set.Leaf("shares", "Shows how much of a metric's variance each param explains, over the newest 2,000 runs; from 30 runs on.", examples, [experiment, metric, filter], async call =>
        {
            var id = (await ExperimentCommands.FindAsync(call.Client, call.Get(experiment)!, call.Cancel)).ExperimentId;
            var shares = await call.Client.Runs.ExplainAsync(new RunSharesQuery(id, call.Get(metric)!, call.Get(filter)), call.Cancel);
            call.Note(shares.Explained is { } explained
                ? FormattableString.Invariant($"{shares.Runs} runs; their params explain {explained:0%} of {shares.Metric}.")
                : FormattableString.Invariant($"Not enough data: {shares.Runs} runs have {shares.Metric}; 30 are needed."));
            return call.List(shares.Params, "Nothing to tell.",
                ("PARAM", p => p.Key),
                ("SHARE", p => ValueText.Number(p.Share)),
                ("CORRELATION", p => ValueText.Number(p.Correlation)));
        });
    }
}
