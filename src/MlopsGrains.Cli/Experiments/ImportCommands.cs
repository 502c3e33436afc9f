using System.CommandLine;
using MlopsGrains.Cli.Experiments.Import;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli.Experiments;

internal static class ImportCommands
{
    public static Command Create(CommandSet set) => set.Group("import", "Copies a history from elsewhere into the platform.", Mlflow(set));

    private static Command Mlflow(CommandSet set)
    {
        var uri = new Option<string?>("--uri") { Description = "A tracking server (MLFLOW_TRACKING_TOKEN, or _USERNAME and _PASSWORD, go with it).", HelpName = "url" };
        var directory = new Option<string?>("--dir") { Description = "A file store: the directory mlruns.", HelpName = "directory" };
        var experiments = new Option<string[]>("--experiment", "-e") { Description = "Only this experiment; may be repeated.", HelpName = "name" };
        var noArtifacts = new Option<bool>("--no-artifacts") { Description = "Leaves the files of runs where they are." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would be done and writes nothing." };
        string[] examples =
        [
            "mlops import mlflow --dir ./mlruns --dry-run",
            "mlops import mlflow --uri http://mlflow.example:5000 -e churn",
            "mlops import mlflow --uri http://mlflow.example:5000 --no-artifacts --json",
        ];
        var command = set.Leaf("mlflow", "Imports experiments, runs, logged and registered models; again imports only what is new.", examples, [uri, directory, experiments, noArtifacts, dryRun], async call =>
        {
            using IMlflowSource source = call.Get(uri) is { } address
                ? new MlflowServer(new Uri(address), MlflowServer.AuthorizationOf(call.Variable))
                : new MlflowDirectory(call.Get(directory)!);
            using var registry = new MlflowServer(call.Client.BaseAddress, call.Connection.Options(0).Authorization());
            call.WhenStopped = "stopped; what was imported stays, and the same command again goes on.";
            var report = await call.ProgressAsync(progress =>
                new MlflowImport(source, call.Client, registry, call.Get(dryRun), progress).RunAsync(call.Get(experiments) ?? [], !call.Get(noArtifacts), call.Cancel));
            foreach (var failure in report.Failures)
            {
                call.Note($"mlops: {failure}");
            }

            call.Show(report,
                ("source", report.Source),
                ("experiments", ValueText.Whole(report.Experiments)),
                (report.DryRun ? "runs to import" : "runs imported", ValueText.Whole(report.Runs)),
                ("runs unchanged", ValueText.Whole(report.Unchanged)),
                ("points", report.DryRun ? null : ValueText.Whole(report.Points)),
                ("files", $"{ValueText.Whole(report.Files)} of {ValueText.Whole(report.Bytes)} bytes"),
                ("logged models", ValueText.Whole(report.LoggedModels)),
                ("model versions", ValueText.Whole(report.ModelVersions)),
                ("failures", ValueText.Whole(report.Failures.Count)));
            return report.Failures.Count == 0 ? ExitCode.Passed : ExitCode.RunFailed;
        });
        command.Validators.Add(result =>
        {
            var (address, place) = (result.GetValue(uri), result.GetValue(directory));
            if (string.IsNullOrEmpty(address) == string.IsNullOrEmpty(place))
            {
                result.AddError("Give either --uri or --dir.");
            }
            else if (address is not null && !CommandSet.IsHttp(address))
            {
                result.AddError($"--uri '{address}' must be an absolute http or https address; a file store is given with --dir.");
            }
        });
        return command;
    }
}
