using System.CommandLine;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli.Experiments;

internal static class LoggedModelCommands
{
    public static Command Create(CommandSet set) => set.Group("logged-models", "Models that runs logged, registered or not.", List(set), Get(set), Files(set), Fetch(set), Delete(set));

    private static Argument<string> ModelArgument() => new("model-id") { Description = "The logged model; a unique beginning of its id is enough." };

    private static Command List(CommandSet set)
    {
        var experiments = new Option<string[]>("--experiment", "-e") { Description = "Name or id of an experiment; may be repeated.", HelpName = "experiment", DefaultValueFactory = _ => ["Default"] };
        var filter = new Option<string?>("--filter") { Description = "MLflow's filter grammar.", HelpName = "expression" };
        var limit = new Option<int>("--limit") { Description = "At most this many.", HelpName = "count", DefaultValueFactory = _ => 100 };
        string[] examples = ["mlops logged-models list -e churn", "mlops logged-models list -e churn --filter \"metrics.auc > 0.9\" --json"];
        return set.Leaf("list", "Lists logged models, newest first.", examples, [experiments, filter, limit], async call =>
        {
            var ids = new List<string>();
            foreach (var experiment in call.Get(experiments)!)
            {
                ids.Add((await ExperimentCommands.FindAsync(call.Client, experiment, call.Cancel)).ExperimentId);
            }

            var models = await call.Client.LoggedModels.SearchAsync(ids, call.Get(filter), call.Cancel).Take(Math.Max(call.Get(limit), 1)).ToListAsync(call.Cancel);
            return call.List(models, "No logged models.",
                ("ID", m => m.ModelId),
                ("NAME", m => m.Name),
                ("STATUS", m => ValueText.Enum(m.Status)),
                ("METRICS", m => ValueText.Pairs(m.Metrics.Take(4).Select(x => KeyValuePair.Create(x.Key, ValueText.Number(x.Value))))),
                ("CREATED", m => ValueText.Time(m.CreationTime)),
                ("RUN", m => m.SourceRunId));
        });
    }

    private static Command Get(CommandSet set)
    {
        var model = ModelArgument();
        return set.Leaf("get", "Shows a logged model.", ["mlops logged-models get m-0197f1c2a7b8", "mlops logged-models get m-0197f1c2a7b8 --json"], [model], async call =>
        {
            var found = await call.Client.LoggedModels.GetAsync(await Ids.LoggedModelAsync(call, call.Get(model)), call.Cancel);
            return call.Show(found,
                ("id", found.ModelId),
                ("name", found.Name),
                ("experiment", found.ExperimentId),
                ("status", ValueText.Enum(found.Status)),
                ("type", found.ModelType),
                ("run", found.SourceRunId),
                ("created", ValueText.Time(found.CreationTime)),
                ("artifacts", found.ArtifactUri),
                ("params", ValueText.Lines(found.Params.Select(p => KeyValuePair.Create(p.Key, p.Value)))),
                ("metrics", ValueText.Lines(found.Metrics.Select(m => KeyValuePair.Create(m.DatasetName is null ? m.Key : $"{m.Key} on {m.DatasetName}", ValueText.Number(m.Value))))),
                ("tags", ValueText.Lines(found.Tags.Select(t => KeyValuePair.Create(t.Key, t.Value)))),
                ("registered as", found.Registrations.Count == 0 ? null : string.Join('\n', found.Registrations.Select(r => $"{r.Name} version {r.Version}"))));
        });
    }

    private static Command Files(CommandSet set)
    {
        var (model, path) = (ModelArgument(), ArtifactFiles.PathArgument());
        var recursive = new Option<bool>("--recursive", "-r") { Description = "All files below it." };
        return set.Leaf("files", "Lists files of a logged model.", ["mlops logged-models files m-0197f1c2a7b8", "mlops logged-models files m-0197f1c2a7b8 --recursive"], [model, path, recursive], async call =>
            await ArtifactFiles.ListAsync(call, ArtifactTree.OfLoggedModel(call.Client, await Ids.LoggedModelAsync(call, call.Get(model))), call.Get(path), call.Get(recursive)));
    }

    private static Command Fetch(CommandSet set)
    {
        var (model, path, to) = (ModelArgument(), ArtifactFiles.PathArgument(), ArtifactFiles.ToOption());
        string[] examples = ["mlops logged-models download m-0197f1c2a7b8 --to ./model", "mlops logged-models download m-0197f1c2a7b8 MLmodel"];
        return set.Leaf("download", "Saves a file, a directory or all files of a logged model.", examples, [model, path, to], async call =>
            await ArtifactFiles.DownloadAsync(call, ArtifactTree.OfLoggedModel(call.Client, await Ids.LoggedModelAsync(call, call.Get(model))), call.Get(path), call.Get(to)));
    }

    private static Command Delete(CommandSet set)
    {
        var (model, yes) = (ModelArgument(), CommandSet.YesOption());
        return set.Leaf("delete", "Deletes a logged model; gc removes its files.", ["mlops logged-models delete m-0197f1c2a7b8 --yes"], [model, yes], async call =>
        {
            var id = await Ids.LoggedModelAsync(call, call.Get(model));
            await call.ConfirmAsync(yes, $"Logged model {id} is deleted.");
            await call.Client.LoggedModels.DeleteAsync(id, call.Cancel);
            return call.Done(new { modelId = id }, $"logged model {id} is deleted.");
        });
    }
}
