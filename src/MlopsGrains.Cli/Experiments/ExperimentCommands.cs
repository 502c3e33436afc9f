using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

internal static class ExperimentCommands
{
    public static Command Create(CommandSet set) => set.Group("experiments", "Experiments: where runs belong.", List(set), Get(set), New(set), Delete(set), Restore(set));

    /// <summary>The experiment of that name, else of that id.</summary>
    public static async Task<Experiment> FindAsync(MlopsGrainsClient client, string nameOrId, CancellationToken cancellationToken)
    {
        if (await client.Experiments.FindByNameAsync(nameOrId, cancellationToken) is { } named)
        {
            return named;
        }

        return nameOrId.All(char.IsAsciiDigit)
            ? await client.Experiments.GetAsync(nameOrId, cancellationToken)
            : throw MlopsException.NotFound("experiment", nameOrId);
    }

    private static Command List(CommandSet set)
    {
        var filter = new Option<string?>("--filter") { Description = "MLflow's filter grammar over name, creation_time, last_update_time and tags.x.", HelpName = "expression" };
        var view = new Option<LifecycleView>("--view") { Description = "Which lifecycle stages.", DefaultValueFactory = _ => LifecycleView.ActiveOnly };
        string[] examples = ["mlops experiments list", "mlops experiments list --filter \"name LIKE 'churn%'\" --view All --json"];
        return set.Leaf("list", "Lists experiments, newest first.", examples, [filter, view], async call =>
        {
            var experiments = await call.Client.Experiments.SearchAsync(call.Get(filter), call.Get(view), call.Cancel).ToListAsync(call.Cancel);
            return call.List(experiments, "No experiments.",
                ("ID", e => e.ExperimentId),
                ("NAME", e => e.Name),
                ("STAGE", e => ValueText.Enum(e.LifecycleStage)),
                ("CREATED", e => ValueText.Time(e.CreationTime)));
        });
    }

    private static Command Get(CommandSet set)
    {
        var experiment = new Argument<string>("experiment") { Description = "Its name or id." };
        return set.Leaf("get", "Shows an experiment.", ["mlops experiments get churn", "mlops experiments get 0 --json"], [experiment], async call =>
            Show(call, await FindAsync(call.Client, call.Get(experiment), call.Cancel)));
    }

    private static Command New(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = $"1–{TrackingLimits.ExperimentNameLengthMax:N0} characters." };
        var tags = new Option<IReadOnlyDictionary<string, string>>("--tag") { Description = "An initial tag; may be repeated.", HelpName = "key=value", CustomParser = ValueText.Assignments, Arity = ArgumentArity.OneOrMore };
        return set.Leaf("create", "Creates an experiment.", ["mlops experiments create churn", "mlops experiments create churn --tag team=growth --tag stage=research"], [name, tags], async call =>
        {
            var given = call.Get(tags)?.Select(t => new Tag(t.Key, t.Value)).ToList();
            return Show(call, await call.Client.Experiments.CreateAsync(new NewExperiment(call.Get(name), Tags: given), call.Cancel));
        });
    }

    private static Command Delete(CommandSet set) => Move(
        set, "delete", "Deletes an experiment and its runs; until gc removes them, they can be restored.", "deleted", (client, id, cancel) => client.Experiments.DeleteAsync(id, cancel));

    private static Command Restore(CommandSet set) => Move(
        set, "restore", "Brings a deleted experiment back, with all its runs.", "back", (client, id, cancel) => client.Experiments.RestoreAsync(id, cancel));

    private static Command Move(CommandSet set, string verb, string description, string state, Func<MlopsGrainsClient, string, CancellationToken, Task> move)
    {
        var experiment = new Argument<string>("experiment") { Description = "Its name or id." };
        return set.Leaf(verb, description, [$"mlops experiments {verb} churn", $"mlops experiments {verb} 7 --json"], [experiment], async call =>
        {
            var found = await FindAsync(call.Client, call.Get(experiment), call.Cancel);
            await move(call.Client, found.ExperimentId, call.Cancel);
            return call.Done(new { experimentId = found.ExperimentId }, $"experiment '{found.Name}' is {state}.");
        });
    }

    private static int Show(CommandCall call, Experiment experiment) => call.Show(experiment,
        ("id", experiment.ExperimentId),
        ("name", experiment.Name),
        ("stage", ValueText.Enum(experiment.LifecycleStage)),
        ("artifacts", experiment.ArtifactLocation),
        ("created", ValueText.Time(experiment.CreationTime)),
        ("updated", ValueText.Time(experiment.LastUpdateTime)),
        ("tags", ValueText.Lines(experiment.Tags.Select(t => KeyValuePair.Create(t.Key, t.Value)))));
}
