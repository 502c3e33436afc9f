using System.CommandLine;
using MlopsGrains.Cli.Experiments.Export;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

internal static class ExportCommands
{
    public static Command Create(CommandSet set)
    {
        var directory = new Option<string>("--parquet") { Description = "Where runs.parquet and points.parquet are written; made when it is new.", HelpName = "directory", Required = true };
        var experiments = new Option<string[]>("--experiment", "-e") { Description = "Name or id of an experiment; may be repeated; all when there is none.", HelpName = "experiment" };
        var filter = new Option<string?>("--filter") { Description = "Only runs that match, in MLflow's filter grammar.", HelpName = "expression" };
        string[] examples = ["mlops export --parquet ./history", "mlops export --parquet ./history -e churn --filter \"metrics.auc > 0.9\" --json"];
        return set.Leaf("export", "Writes runs and metric points as Parquet files for data frames.", examples, [directory, experiments, filter], async call =>
        {
            var chosen = new List<Experiment>();
            foreach (var experiment in call.Get(experiments) ?? [])
            {
                chosen.Add(await ExperimentCommands.FindAsync(call.Client, experiment, call.Cancel));
            }

            if (chosen.Count == 0)
            {
                chosen = await call.Client.Experiments.SearchAsync(cancellationToken: call.Cancel).ToListAsync(call.Cancel);
            }

            call.WhenStopped = "stopped; no file was written.";
            var report = await call.ProgressAsync(progress => new ParquetExport(call.Client, call.Get(directory)!, progress).RunAsync(chosen, call.Get(filter), call.Cancel));
            return call.Done(report, $"{report.Runs} runs in {report.RunsFile}, {report.Points} points in {report.PointsFile}.");
        });
    }
}
