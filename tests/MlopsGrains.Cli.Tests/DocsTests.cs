using System.CommandLine;
using System.Text;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

/// <summary>The guide cannot lie: its commands and exit codes are those of the code.</summary>
public sealed class DocsTests
{
    private const int LineMax = 140;

    [Theory]
    [InlineData("commands")]
    [InlineData("exit codes")]
    public void Guide_SaysWhatTheCodeSays(string part)
    {
        var expected = part == "commands" ? Commands() : ExitCodes();

        Assert.Equal(expected, WrittenGuide.Part("cli.md", $"<!-- {part} -->\n", $"<!-- /{part} -->", expected));
    }

    private static string ExitCodes() => "\n| Code | Means |\n|---|---|\n" + string.Concat(ExitCode.Table.Select(e => $"| {e.Code} | {e.Meaning} |\n")) + "\n";

    private static string Commands()
    {
        var root = MlopsCommand.Create(new CliEnvironment(TextWriter.Null, TextWriter.Null, false, _ => null, _ => throw new InvalidOperationException()));
        var text = new StringBuilder("\nEvery command also takes:\n\n");
        foreach (var option in root.Options.Where(o => o.Recursive && o is not System.CommandLine.Help.HelpOption))
        {
            text.Append(Item($"`{Usage(option)}`: {option.Description}"));
        }

        foreach (var command in root.Subcommands.Where(c => !c.Hidden))
        {
            text.Append('\n').Append($"### {command.Name}\n\n");
            text.Append(command.Subcommands.Count > 0 ? $"{command.Description}\n\n" : "");
            foreach (var leaf in Leaves(command))
            {
                var inputs = leaf.Arguments.Select(a => a.Arity.MinimumNumberOfValues == 0 ? $"[{a.Name}]" : $"<{a.Name}>")
                    .Concat(leaf.Options.Select(o => o.Required ? Usage(o) : $"[{Usage(o)}]"));
                text.Append(Item($"`{string.Join(' ', inputs.Prepend(MlopsCommand.PathOf(leaf)))}`: {leaf.Description}"));
            }
        }

        return text.Append('\n').ToString();
    }

    private static string Usage(Option option) => option.HelpName is { } value ? $"{option.Name} <{value}>" : option.Name;

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.Where(c => !c.Hidden).SelectMany(Leaves);

    private static string Item(string text)
    {
        var lines = new StringBuilder("-");
        var length = 1;
        foreach (var word in text.Split(' '))
        {
            if (length + 1 + word.Length > LineMax)
            {
                lines.Append("\n ");
                length = 1;
            }

            lines.Append(' ').Append(word);
            length += 1 + word.Length;
        }

        return lines.Append('\n').ToString();
    }
}
