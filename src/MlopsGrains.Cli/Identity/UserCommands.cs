using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Identity;

namespace MlopsGrains.Cli.Identity;

internal static class UserCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "users", "Users of a server that has an administrator.", List(set), Get(set), New(set), SetPassword(set), SetAdministrator(set), Delete(set));

    internal static string? Permissions(UserAccount user) => ValueText.Lines(user.Permissions.Select(p => KeyValuePair.Create($"{PermissionCommands.Kind(p.On.Kind)} {p.On.Id}", ValueText.Enum(p.Level))));

    private static Argument<string> NameArgument() => new("name") { Description = "The user." };

    private static Option<bool> PasswordStdin() => new("--password-stdin") { Description = "Reads the password from standard input; otherwise it is asked for." };

    private static Command List(CommandSet set) => set.Leaf("list", "Lists users by name.", ["mlops users list", "mlops users list --json"], [], async call =>
        call.List(await call.Client.Users.ListAsync(call.Cancel), "No users.",
            ("NAME", u => u.Name),
            ("ADMINISTRATOR", u => u.IsAdministrator ? "yes" : "no"),
            ("PERMISSIONS", u => ValueText.Whole(u.Permissions.Count)),
            ("ID", u => ValueText.Whole(u.Id))));

    private static Command Get(CommandSet set)
    {
        var name = NameArgument();
        return set.Leaf("get", "Shows a user with all permissions.", ["mlops users get ada", "mlops users get ada --json"], [name], async call =>
            Show(call, await call.Client.Users.GetAsync(call.Get(name), call.Cancel)));
    }

    private static Command New(CommandSet set)
    {
        var (name, passwordStdin) = (NameArgument(), PasswordStdin());
        return set.Leaf("create", "Creates a user; the password is asked for.", ["mlops users create ada", "mlops users create ada --password-stdin < password.txt"], [name, passwordStdin], async call =>
        {
            var password = await Prompts.SecretAsync(call.Environment, "Password", call.Get(passwordStdin), "--password-stdin", call.Cancel);
            return Show(call, await call.Client.Users.CreateAsync(call.Get(name), password, call.Cancel));
        });
    }

    private static Command SetPassword(CommandSet set)
    {
        var (name, passwordStdin) = (NameArgument(), PasswordStdin());
        return set.Leaf("set-password", "Changes a password; a user may change its own.", ["mlops users set-password ada", "mlops users set-password ada --password-stdin < password.txt"], [name, passwordStdin], async call =>
        {
            var password = await Prompts.SecretAsync(call.Environment, "New password", call.Get(passwordStdin), "--password-stdin", call.Cancel);
            await call.Client.Users.SetPasswordAsync(call.Get(name), password, call.Cancel);
            return call.Done(new { name = call.Get(name) }, $"{call.Get(name)} has a new password.");
        });
    }

    private static Command SetAdministrator(CommandSet set)
    {
        var name = NameArgument();
        var administrator = new Argument<bool>("administrator") { Description = "true or false." };
        return set.Leaf("set-admin", "Makes or unmakes an administrator; the last one stays.", ["mlops users set-admin ada true"], [name, administrator], async call =>
        {
            await call.Client.Users.SetAdministratorAsync(call.Get(name), call.Get(administrator), call.Cancel);
            return call.Done(new { name = call.Get(name), administrator = call.Get(administrator) }, $"{call.Get(name)} is {(call.Get(administrator) ? "an" : "no")} administrator now.");
        });
    }

    private static Command Delete(CommandSet set)
    {
        var (name, yes) = (NameArgument(), CommandSet.YesOption());
        return set.Leaf("delete", "Removes a user with all permissions.", ["mlops users delete ada", "mlops users delete ada --yes"], [name, yes], async call =>
        {
            await call.ConfirmAsync(yes, $"User {call.Get(name)} goes with all permissions.");
            await call.Client.Users.DeleteAsync(call.Get(name), call.Cancel);
            return call.Done(new { name = call.Get(name) }, $"{call.Get(name)} is gone.");
        });
    }

    private static int Show(CommandCall call, UserAccount user) => call.Show(user,
        ("name", user.Name),
        ("id", ValueText.Whole(user.Id)),
        ("administrator", user.IsAdministrator ? "yes" : "no"),
        ("permissions", Permissions(user)));
}
