using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Identity;

/// <summary>Signing in and out, and who one is.</summary>
internal static class SignInCommands
{
    private const string DefaultProfile = "default";

    public static Command Login(CommandSet set)
    {
        var user = new Option<string?>("--user", "-u") { Description = "Signs in as this user; the password is asked for.", HelpName = "name" };
        var passwordStdin = new Option<bool>("--password-stdin") { Description = "Reads the password of --user from standard input." };
        var tokenStdin = new Option<bool>("--token-stdin") { Description = "Signs in with an API key, read from standard input." };
        string[] examples =
        [
            "mlops login --server https://mlops.example",
            "mlops login --server https://mlops.example --user ada --profile work",
            "mlops login --token-stdin < key.txt",
        ];
        var command = set.Bare("login", "Signs in and keeps it as a profile, readable by its owner only.", examples, [user, passwordStdin, tokenStdin], async (parse, cancellationToken) =>
        {
            var environment = set.Environment;
            var store = new ProfileStore(environment.ConfigFile);
            var profiles = store.Read();
            var name = parse.GetValue(set.Profile) ?? (environment.Variable("MLOPS_PROFILE") is { Length: > 0 } given ? given : profiles.Current ?? DefaultProfile);

            // A new profile is made here, so that it need not be there already.
            var known = profiles.Find(name) is not null ? name : null;
            var server = Connection.Of(new ConnectionFlags(parse.GetValue(set.Server), null, known), environment.Variable, profiles).Server;
            var credentials = await CredentialsAsync(server);
            using var client = set.Connect(new Connection(server, "", credentials, null, name));
            var caller = await client.WhoAmIAsync(cancellationToken);
            store.Write(profiles.With(name, Profile.Of(server, caller.Kind == "anybody" ? null : credentials)));
            var text = caller.Kind == "anybody"
                ? $"{server} asks for no sign-in; kept as profile {name}."
                : $"Signed in at {server} as {caller.Name}; kept as profile {name} in {store.Path}.";
            environment.Out.WriteLine(parse.GetValue(set.Json) ? Answers.Serialize(new { profile = name, server = server.AbsoluteUri, caller.Name, caller.Kind, caller.IsAdministrator }) : text);
            return ExitCode.Passed;

            async Task<Credentials?> CredentialsAsync(Uri at)
            {
                var flagged = parse.GetValue(set.ApiKey) ?? (parse.GetValue(tokenStdin) ? await Prompts.SecretAsync(environment, "API key", fromInput: true, "--token-stdin", cancellationToken) : null);
                if (flagged is { Length: > 0 })
                {
                    return Credentials.OfToken(flagged);
                }

                var who = parse.GetValue(user);
                if (who is null)
                {
                    using var nobody = set.Connect(new Connection(at, "", null, null, name));
                    if (await AsksNothingAsync(nobody, cancellationToken))
                    {
                        return null;
                    }

                    if (!environment.InputTerminal)
                    {
                        throw MlopsException.Invalid("--user", "there is no terminal to ask on; give --user with --password-stdin, or --token-stdin.");
                    }

                    who = (await Prompts.AskAsync(environment, $"User at {at} (empty to sign in with an API key):", cancellationToken)).Trim();
                }

                return who.Length == 0
                    ? Credentials.OfToken(await Prompts.SecretAsync(environment, "API key", fromInput: false, "--token-stdin", cancellationToken))
                    : Credentials.OfUser(who, await Prompts.SecretAsync(environment, "Password", parse.GetValue(passwordStdin), "--password-stdin", cancellationToken));
            }
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(passwordStdin) && result.GetResult(user) is null)
            {
                result.AddError("--password-stdin needs --user.");
            }
            else if (result.GetValue(tokenStdin) && result.GetResult(user) is not null)
            {
                result.AddError("--token-stdin and --user are two ways to sign in: give one.");
            }
        });
        return command;
    }

    public static Command Logout(CommandSet set) => set.Bare("logout", "Forgets a profile and its secret.", ["mlops logout", "mlops logout --profile work"], [], (parse, _) =>
    {
        var store = new ProfileStore(set.Environment.ConfigFile);
        var profiles = store.Read();
        var name = parse.GetValue(set.Profile) ?? (set.Environment.Variable("MLOPS_PROFILE") is { Length: > 0 } given ? given : profiles.Current);
        if (name is null || profiles.Find(name) is null)
        {
            throw MlopsException.Invalid("profile", name is null ? "nobody is signed in." : $"there is no profile '{name}'.");
        }

        store.Write(profiles.Without(name));
        set.Environment.Out.WriteLine(parse.GetValue(set.Json) ? Answers.Serialize(new { profile = name }) : $"Profile {name} is forgotten.");
        return Task.FromResult(ExitCode.Passed);
    });

    public static Command WhoAmI(CommandSet set) => set.Leaf("whoami", "Says whom the server takes you for, and why.", ["mlops whoami", "mlops whoami --profile work --json"], [], async call =>
    {
        var caller = await call.Client.WhoAmIAsync(call.Cancel);
        var (at, from) = (call.Client.BaseAddress.AbsoluteUri, call.Connection.ServerFrom);
        return call.Show(
            new { caller.Name, caller.Kind, caller.IsAdministrator, server = at, serverFrom = from, credentialsFrom = call.Connection.CredentialsFrom },
            ("name", caller.Name),
            ("kind", caller.Kind switch { "apiKey" => "API key", "anybody" => "anybody (the server asks for no sign-in)", var kind => kind }),
            ("administrator", caller.IsAdministrator ? "yes" : "no"),
            ("server", $"{at} (from {from})"),
            ("signed in with", call.Connection.Credentials is { } used ? $"{used.Shown} (from {call.Connection.CredentialsFrom})" : null));
    });

    private static async Task<bool> AsksNothingAsync(MlopsGrainsClient client, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.WhoAmIAsync(cancellationToken)).Kind == "anybody";
        }
        catch (MlopsException e) when (e.Field == nameof(MlopsGrainsClientOptions.ApiKey))
        {
            return false;
        }
    }
}
