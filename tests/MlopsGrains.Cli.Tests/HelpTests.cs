using System.CommandLine;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli.Tests;

public sealed partial class HelpTests
{
    private static readonly CliEnvironment Nowhere = new(TextWriter.Null, TextWriter.Null, false, _ => null, _ => throw new InvalidOperationException());

    public static TheoryData<string> Commands => [.. All(MlopsCommand.Create(Nowhere), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_SaysWhatItDoes_WithExamplesThatParse(string path)
    {
        var said = await Shell.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(0, said.Code);
        Assert.Contains("Description:", said.Out, StringComparison.Ordinal);
        var examples = said.Out.Split("Examples:")[1].Split("Exit codes:")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.NotEmpty(examples);
        var files = new[] { "churn.yaml", "customers.csv", "audit.json", "plot.png", "./plots" };
        foreach (var example in examples)
        {
            Assert.StartsWith("mlops " + path, example, StringComparison.Ordinal);
            var errors = MlopsCommand.Create(Nowhere).Parse(Redirection().Replace(example["mlops ".Length..], "")).Errors.Where(e => !files.Any(f => e.Message.Contains(f, StringComparison.Ordinal)));
            Assert.Empty(errors);
        }
    }

    [Fact]
    public void Options_AndArguments_AreDescribed()
    {
        var undescribed = Descendants(MlopsCommand.Create(Nowhere))
            .SelectMany(c => c.Options.Cast<Symbol>().Concat(c.Arguments).Append(c))
            .Where(s => string.IsNullOrWhiteSpace(s.Description))
            .Select(s => s.Name);

        Assert.Empty(undescribed);
    }

    /// <summary>What the shell does with the rest of an example.</summary>
    [System.Text.RegularExpressions.GeneratedRegex(" (<|>|>>) [^\"]*$")]
    private static partial System.Text.RegularExpressions.Regex Redirection();

    private static IEnumerable<Command> Descendants(Command command) => command.Subcommands.SelectMany(Descendants).Prepend(command);

    private static IEnumerable<string> All(Command command, string path) =>
        command.Subcommands.Where(c => !c.Hidden).SelectMany(c => All(c, $"{path} {c.Name}".Trim())).Prepend(path);
}
