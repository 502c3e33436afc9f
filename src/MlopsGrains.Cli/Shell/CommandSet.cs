using System.CommandLine;
using MlopsGrains.Client;

namespace MlopsGrains.Cli.Shell;

/// <summary>Makes commands alike: the same global options, examples in help, and one place where faults become messages and exit codes.</summary>
internal sealed class CommandSet
{
    private const int RetryCountMax = 2; // A person is waiting.

    private readonly CliEnvironment environment;

    public CommandSet(CliEnvironment environment)
    {
        this.environment = environment;
        Server = new Option<string?>("--server")
        {
            Description = "The platform's address (else MLOPS_SERVER, MLFLOW_TRACKING_URI, the profile's, http://127.0.0.1:5080).",
            HelpName = "url",
            Recursive = true,
        };
        Server.Validators.Add(result =>
        {
            var given = result.GetValueOrDefault<string?>();
            if (given is not null && !IsHttp(given))
            {
                result.AddError($"--server '{given}' must be an absolute http or https address.");
            }
        });
        ApiKey = new Option<string?>("--api-key") { Description = "The API key (better: mlops login, or MLOPS_API_KEY).", HelpName = "key", Recursive = true };
        Profile = new Option<string?>("--profile") { Description = "A profile of mlops login (else MLOPS_PROFILE, the current one).", HelpName = "name", Recursive = true };
        Json = new Option<bool>("--json") { Description = "Writes exact JSON to standard output and nothing else; a fault is JSON on standard error.", Recursive = true };
        Wide = new Option<bool>("--wide") { Description = "Leaves nothing out and cuts nothing, however narrow the terminal.", Recursive = true };
        Verbose = new Option<bool>("--verbose") { Description = "Shows where a fault came from.", Recursive = true };
    }

    public CliEnvironment Environment => environment;

    public Option<string?> Server { get; }

    public Option<string?> ApiKey { get; }

    public Option<string?> Profile { get; }

    public Option<bool> Json { get; }

    public Option<bool> Wide { get; }

    public Option<bool> Verbose { get; }

    public Dictionary<Command, IReadOnlyList<string>> Examples { get; } = [];

    public static bool IsHttp(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    /// <summary>The option of commands that ask first.</summary>
    public static Option<bool> YesOption() => new("--yes", "-y") { Description = "Does it without asking." };

    public Command Group(string name, string description, params IReadOnlyList<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        Examples[group] = [.. commands.Where(c => !c.Hidden).SelectMany(c => Examples[c].Take(1))];
        return group;
    }

    /// <summary>An older name of a group, which goes on working and is shown nowhere.</summary>
    public Command Formerly(string name, Command group)
    {
        var old = new Command(name, group.Description) { Hidden = true };
        foreach (var command in group.Subcommands)
        {
            old.Add(command);
        }

        Examples[old] = Examples[group];
        return old;
    }

    public Command Leaf(string name, string description, IReadOnlyList<string> examples, IEnumerable<Symbol> inputs, Func<CommandCall, Task<int>> action) =>
        Bare(name, description, examples, inputs, (parse, cancellationToken) => RunAsync(parse, action, cancellationToken));

    /// <summary>A leaf that needs no server.</summary>
    public Command Bare(string name, string description, IReadOnlyList<string> examples, IEnumerable<Symbol> inputs, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        var command = new Command(name, description);
        foreach (var input in inputs)
        {
            if (input is Argument argument)
            {
                command.Add(argument);
            }
            else if (input is Option option)
            {
                command.Add(option);
            }
        }

        Examples[command] = examples;
        command.SetAction(async (parse, cancellationToken) =>
        {
            try
            {
                return await action(parse, cancellationToken);
            }
            catch (Exception e)
            {
                return Say(parse, e, cancellationToken.IsCancellationRequested ? "stopped." : null);
            }
        });
        return command;
    }

    /// <summary>The connection that the command line, the environment and the profiles come to.</summary>
    public Connection ConnectionOf(ParseResult parse) =>
        Connection.Of(new ConnectionFlags(parse.GetValue(Server), parse.GetValue(ApiKey), parse.GetValue(Profile)), environment.Variable, new ProfileStore(environment.ConfigFile).Read());

    public MlopsGrainsClient Connect(Connection connection) => environment.Connect(connection.Options(RetryCountMax));

    private async Task<int> RunAsync(ParseResult parse, Func<CommandCall, Task<int>> action, CancellationToken cancellationToken)
    {
        var connection = ConnectionOf(parse);
        using var client = Connect(connection);
        var call = new CommandCall(parse, connection, client, environment, parse.GetValue(Json), parse.GetValue(Wide), cancellationToken);
        try
        {
            return await action(call);
        }
        catch (Exception e)
        {
            return Say(parse, e, cancellationToken.IsCancellationRequested ? call.WhenStopped : null);
        }
    }

    private int Say(ParseResult parse, Exception e, string? stopped)
    {
        var fault = Fault.Of(e, stopped);
        fault.Say(environment, parse.GetValue(Json));
        if (parse.GetValue(Verbose))
        {
            environment.Error.WriteLine(e);
        }

        return fault.ExitCode;
    }
}
