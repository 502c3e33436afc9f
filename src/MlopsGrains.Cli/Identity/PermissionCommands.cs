using System.CommandLine;
using MlopsGrains.Cli.Experiments;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Identity;

namespace MlopsGrains.Cli.Identity;

internal static class PermissionCommands
{
    public static Command Create(CommandSet set) => set.Group("permissions", "What users may do with an experiment, a model, a dataset, a deployment, a monitor or a pipeline.", List(set), Grant(set), Revoke(set));

    internal static string Kind(PermissionKind kind) => kind == PermissionKind.RegisteredModel ? "model" : kind.InWords();

    private static Command List(CommandSet set)
    {
        var user = new Argument<string>("user") { Description = "The user." };
        return set.Leaf("list", "Lists the levels that a user was given.", ["mlops permissions list ada", "mlops permissions list ada --json"], [user], async call =>
            call.List((await call.Client.Users.GetAsync(call.Get(user), call.Cancel)).Permissions, "No permissions; the default level holds everywhere.",
                ("ON", p => Kind(p.On.Kind)),
                ("ID", p => p.On.Id),
                ("LEVEL", p => ValueText.Enum(p.Level))));
    }

    private static Command Grant(CommandSet set)
    {
        var on = new Target();
        var level = new Argument<PermissionLevel>("level") { Description = "none, read, use, edit or manage; each holds the ones before." };
        string[] examples = ["mlops permissions grant ada edit --experiment churn", "mlops permissions grant ada read --model churn", "mlops permissions grant ada use --pipeline nightly"];
        return on.Checked(set.Leaf("grant", "Gives a user a level, in place of the one it has.", examples, [on.User, level, .. on.Options], async call =>
        {
            var target = await on.FindAsync(call);
            await call.Client.Users.GrantAsync(call.Get(on.User), target, call.Get(level), call.Cancel);
            return call.Done(new { user = call.Get(on.User), on = target, level = call.Get(level) }, $"{call.Get(on.User)} has level {ValueText.Enum(call.Get(level))} on {Kind(target.Kind)} {target.Id}.");
        }));
    }

    private static Command Revoke(CommandSet set)
    {
        var on = new Target();
        return on.Checked(set.Leaf("revoke", "Takes a level back; the default level holds then.", ["mlops permissions revoke ada --experiment churn", "mlops permissions revoke ada --model churn"], [on.User, .. on.Options], async call =>
        {
            var target = await on.FindAsync(call);
            await call.Client.Users.RevokeAsync(call.Get(on.User), target, call.Cancel);
            return call.Done(new { user = call.Get(on.User), on = target }, $"{call.Get(on.User)} has no level of its own on {Kind(target.Kind)} {target.Id} any more.");
        }));
    }

    private sealed class Target
    {
        private readonly Option<string?> experiment = new("--experiment", "-e") { Description = "Name or id of an experiment.", HelpName = "experiment" };
        private readonly (PermissionKind Kind, Option<string?> Name)[] named =
        [
            (PermissionKind.RegisteredModel, new("--model") { Description = "A registered model.", HelpName = "model" }),
            (PermissionKind.Dataset, new("--dataset") { Description = "A dataset.", HelpName = "dataset" }),
            (PermissionKind.Deployment, new("--deployment") { Description = "A deployment.", HelpName = "deployment" }),
            (PermissionKind.Monitor, new("--monitor") { Description = "The monitor of a deployment.", HelpName = "deployment" }),
            (PermissionKind.Pipeline, new("--pipeline") { Description = "A pipeline.", HelpName = "pipeline" }),
        ];

        public Argument<string> User { get; } = new("user") { Description = "The user." };

        public Symbol[] Options => [experiment, .. named.Select(n => n.Name)];

        public Command Checked(Command command)
        {
            command.Validators.Add(result =>
            {
                if (Options.OfType<Option>().Count(o => result.GetResult(o) is not null) != 1)
                {
                    result.AddError("Give one of --experiment, --model, --dataset, --deployment, --monitor and --pipeline.");
                }
            });
            return command;
        }

        public async Task<PermissionOn> FindAsync(CommandCall call) => call.Get(experiment) is { } name
            ? new PermissionOn(PermissionKind.Experiment, (await ExperimentCommands.FindAsync(call.Client, name, call.Cancel)).ExperimentId)
            : named.Where(n => call.Get(n.Name) is not null).Select(n => new PermissionOn(n.Kind, call.Get(n.Name)!)).Single();
    }
}
