using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli;

/// <summary>The <c>mlops</c> command: the client on the command line.</summary>
internal static class MlopsCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliEnvironment environment, CancellationToken cancellationToken = default)
    {
        var parse = Create(environment).Parse(args);
        if (parse.Action is ParseErrorAction errors)
        {
            // Standard output is for answers only, so what is said about a mistake goes to standard error, suggestions too.
            errors.ShowHelp = false;
            await parse.InvokeAsync(new InvocationConfiguration { Output = environment.Error, Error = environment.Error }, cancellationToken);
            await environment.Error.WriteLineAsync($"Run '{PathOf(parse.CommandResult.Command)} --help' for usage and examples.");
            return ExitCode.Usage;
        }

        return await parse.InvokeAsync(new InvocationConfiguration { Output = environment.Out, Error = environment.Error, EnableDefaultExceptionHandler = false }, cancellationToken);
    }

    public static RootCommand Create(CliEnvironment environment)
    {
        var set = new CommandSet(environment);
        var root = new RootCommand("MlopsGrains on the command line: experiments, data, models, deployments, monitoring, pipelines, audit.")
        {
            set.Server, set.ApiKey, set.Json,
            ExperimentCommands.Create(set),
            RunCommands.Create(set),
            ImportCommands.Create(set),
            ExportCommands.Create(set),
            DatasetCommands.Create(set),
            PipelineCommands.Create(set),
            ModelCommands.Create(set),
            DeploymentCommands.Create(set),
            MonitorCommands.Create(set),
            AuditCommands.Create(set),
            GcCommand.Create(set),
            VersionCommand.Create(set),
        };
        set.Examples[root] = ["mlops version", "mlops experiments list", "mlops pipeline run churn --param trainer=fast-tree --wait --timeout 30m", "mlops runs list --json"];
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
}
