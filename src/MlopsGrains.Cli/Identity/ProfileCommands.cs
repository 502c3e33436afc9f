using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Identity;

internal static class ProfileCommands
{
    public static Command Create(CommandSet set) => set.Group("profiles", "Where you signed in; made by login, forgotten by logout.", List(set), Use(set));

    private static Command List(CommandSet set) => set.Bare("list", "Lists profiles, without their secrets.", ["mlops profiles list", "mlops profiles list --json"], [], (parse, cancellationToken) =>
    {
        var profiles = new ProfileStore(set.Environment.ConfigFile).Read();
        var rows = profiles.All.Select(p => new Row(p.Key, p.Key == profiles.Current, p.Value.Server, p.Value.Credentials?.Shown)).ToList();
        if (parse.GetValue(set.Json))
        {
            set.Environment.Out.WriteLine(Answers.Serialize(rows));
        }
        else if (rows.Count == 0)
        {
            set.Environment.Error.WriteLine("No profiles.");
        }
        else
        {
            new Answers(set.Environment, parse.GetValue(set.Wide)).Table(
                rows, [("NAME", r => r.Name), ("CURRENT", r => r.Current ? "yes" : null), ("SERVER", r => r.Server), ("SIGNED IN WITH", r => r.SignedInWith)]);
        }

        return Task.FromResult(ExitCode.Passed);
    });

    private static Command Use(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The profile." };
        return set.Bare("use", "Makes a profile the current one.", ["mlops profiles use work"], [name], (parse, _) =>
        {
            var store = new ProfileStore(set.Environment.ConfigFile);
            var profiles = store.Read();
            var wanted = parse.GetValue(name)!;
            store.Write(profiles.Find(wanted) is not null
                ? profiles with { Current = wanted }
                : throw MlopsException.Invalid("name", $"there is no profile '{wanted}'; mlops profiles list shows those that there are."));
            set.Environment.Out.WriteLine(parse.GetValue(set.Json) ? Answers.Serialize(new { profile = wanted }) : $"Profile {wanted} is the current one.");
            return Task.FromResult(ExitCode.Passed);
        });
    }

    private sealed record Row(string Name, bool Current, string Server, string? SignedInWith);
}
