using System.CommandLine;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>Makes commands alike: the same global options, examples in help, and one place where faults become messages and exit codes.</summary>
internal sealed class CommandSet
{
    private const int RetryCountMax = 2; // A person is waiting.

    private readonly CliEnvironment environment;

    public CommandSet(CliEnvironment environment)
    {
        this.environment = environment;
        Server = new Option<string>("--server")
        {
            Description = "The platform's address (environment: MLOPS_SERVER).",
            HelpName = "url",
            Recursive = true,
            DefaultValueFactory = _ => environment.Variable("MLOPS_SERVER") is { Length: > 0 } url ? url : "http://127.0.0.1:5080",
        };
        Server.Validators.Add(result =>
        {
            var given = result.GetValueOrDefault<string>();
            if (!IsHttp(given))
            {
                result.AddError($"--server '{given}' must be an absolute http or https address.");
            }
        });
        ApiKey = new Option<string?>("--api-key") { Description = "The API key (better: environment MLOPS_API_KEY).", HelpName = "key", Recursive = true };
        Json = new Option<bool>("--json") { Description = "Writes exact JSON to standard output and nothing else.", Recursive = true };
    }

    public Option<string> Server { get; }

    public Option<string?> ApiKey { get; }

    public Option<bool> Json { get; }

    public Dictionary<Command, IReadOnlyList<string>> Examples { get; } = [];

    public static bool IsHttp(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    public Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        Examples[group] = [.. commands.SelectMany(c => Examples[c].Take(1))];
        return group;
    }

    public Command Leaf(string name, string description, IReadOnlyList<string> examples, IEnumerable<Symbol> inputs, Func<CommandCall, Task<int>> action)
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
        command.SetAction((parse, cancellationToken) => RunAsync(parse, action, cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parse, Func<CommandCall, Task<int>> action, CancellationToken cancellationToken)
    {
        try
        {
            var apiKey = parse.GetValue(ApiKey) ?? environment.Variable("MLOPS_API_KEY");
            var options = new MlopsGrainsClientOptions
            {
                BaseAddress = new Uri(parse.GetValue(Server)!),
                ApiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey,
                RetryCountMax = RetryCountMax,
            };
            using var client = environment.Connect(options);
            return await action(new CommandCall(parse, client, environment, options.ApiKey, parse.GetValue(Json), cancellationToken));
        }
        catch (MlopsException e)
        {
            await environment.Error.WriteLineAsync(e.Field is null ? $"mlops: {e.Message}" : $"mlops: {e.Message} (field: {e.Field})");
            return ExitCode.Of(e);
        }
        catch (TimeoutException e)
        {
            await environment.Error.WriteLineAsync($"mlops: {e.Message}");
            return ExitCode.WaitTimedOut;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await environment.Error.WriteLineAsync("mlops: cancelled.");
            return ExitCode.Cancelled;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or System.Text.Json.JsonException)
        {
            await environment.Error.WriteLineAsync($"mlops: {e.Message}");
            return ExitCode.Usage;
        }
    }
}
