using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MlopsGrains.Cli.Shell;

/// <summary>The usual help, then the command's examples, and at the root the exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction usual, IReadOnlyDictionary<Command, IReadOnlyList<string>> examples) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (examples.TryGetValue(parseResult.CommandResult.Command, out var lines))
        {
            output.WriteLine("Examples:");
            foreach (var line in lines)
            {
                output.WriteLine("  " + line);
            }

            output.WriteLine();
        }

        if (parseResult.CommandResult.Command is RootCommand)
        {
            output.WriteLine("Exit codes:");
            foreach (var (number, meaning) in ExitCode.Table)
            {
                output.WriteLine($"  {number,-4} {meaning}");
            }

            output.WriteLine();
        }

        return code;
    }
}
