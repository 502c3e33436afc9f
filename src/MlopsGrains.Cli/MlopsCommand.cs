using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MlopsGrains.Cli.Data;
using MlopsGrains.Cli.Deployments;
using MlopsGrains.Cli.Experiments;
using MlopsGrains.Cli.Governance;
using MlopsGrains.Cli.Identity;
using MlopsGrains.Cli.Models;
using MlopsGrains.Cli.Monitoring;
using MlopsGrains.Cli.Pipelines;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Cli.Webhooks;

namespace MlopsGrains.Cli;

/// <summary>The <c>mlops</c> command: the client on the command line.</summary>
internal static class MlopsCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliEnvironment environment, CancellationToken cancellationToken = default)
    {
        var root = Create(environment);
        if (Suggestions.Asked(args) is var (line, position))
        {
            foreach (var suggestion in Suggestions.Of(root, line, position))
            {
                await environment.Out.WriteLineAsync(suggestion);
            }

            return ExitCode.Passed;
        }

        var parse = root.Parse(args);
        if (parse is { Action: ParseErrorAction, Errors.Count: 1, UnmatchedTokens.Count: 0, CommandResult.Command.Subcommands.Count: > 0 })
        {
            // mlops alone, or a group alone, asks what there is.
            parse = root.Parse([.. args, "--help"]);
        }

        if (parse.Action is ParseErrorAction errors)
        {
            return await RefuseAsync(parse, errors, args.Contains("--json"), environment, cancellationToken);
        }

        return await parse.InvokeAsync(new InvocationConfiguration { Output = environment.Out, Error = environment.Error, EnableDefaultExceptionHandler = false }, cancellationToken);
    }

    public static RootCommand Create(CliEnvironment environment)
    {
        var set = new CommandSet(environment);
        var (pipelines, monitors) = (PipelineCommands.Create(set), MonitorCommands.Create(set));
        var root = new RootCommand("MlopsGrains on the command line: experiments, data, models, deployments, monitoring, pipelines, audit.")
        {
            set.Server, set.ApiKey, set.Profile, set.Json, set.Wide, set.Verbose,
            SignInCommands.Login(set),
            SignInCommands.Logout(set),
            SignInCommands.WhoAmI(set),
            ProfileCommands.Create(set),
            ExperimentCommands.Create(set),
            RunCommands.Create(set),
            ArtifactCommands.Create(set),
            LoggedModelCommands.Create(set),
            DatasetCommands.Create(set),
            pipelines,
            set.Formerly("pipeline", pipelines),
            ModelCommands.Create(set),
            PromptCommands.Create(set),
            DeploymentCommands.Create(set),
            PredictCommand.Create(set),
            monitors,
            set.Formerly("monitor", monitors),
            AlertCommands.Create(set),
            UserCommands.Create(set),
            PermissionCommands.Create(set),
            WebhookCommands.Create(set),
            AuditCommands.Create(set),
            LineageCommand.Create(set),
            ImportCommands.Create(set),
            ExportCommands.Create(set),
            GcCommand.Create(set),
            VersionCommand.Create(set),
            CompletionCommand.Create(set),
        };
        set.Examples[root] = ["mlops version", "mlops login --server https://mlops.example", "mlops experiments list", "mlops pipelines run churn --param trainer=fast-tree --wait --timeout 30m", "mlops runs list --json"];
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new HelpWithExamples((HelpAction)option.Action!, set.Examples);
        }

        return root;
    }

    internal static string PathOf(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? at = command; at is Command and not RootCommand; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            names.Push(at.Name);
        }

        return string.Join(' ', names.Prepend("mlops"));
    }

    /// <summary>Standard output is for answers only, so what is said about a mistake goes to standard error, suggestions too.</summary>
    private static async Task<int> RefuseAsync(ParseResult parse, ParseErrorAction errors, bool json, CliEnvironment environment, CancellationToken cancellationToken)
    {
        if (json)
        {
            var fault = new Fault(Fault.Usage, string.Join(' ', parse.Errors.Select(e => e.Message)), ExitCode.Usage);
            fault.Say(environment, json);
            return fault.ExitCode;
        }

        errors.ShowHelp = false;
        await parse.InvokeAsync(new InvocationConfiguration { Output = environment.Error, Error = environment.Error }, cancellationToken);
        await environment.Error.WriteLineAsync($"Run '{PathOf(parse.CommandResult.Command)} --help' for usage and examples.");
        return ExitCode.Usage;
    }
}
