using System.CommandLine;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using Spectre.Console;

namespace MlopsGrains.Cli.Shell;

/// <summary>One invocation of a leaf command: its inputs, its client, and how it answers.</summary>
internal sealed class CommandCall(ParseResult parse, Connection connection, MlopsGrainsClient client, CliEnvironment environment, bool json, bool wide, CancellationToken cancel)
{
    private readonly Answers answers = new(environment, wide);

    public MlopsGrainsClient Client => client;

    public CancellationToken Cancel => cancel;

    public bool IsJson => json;

    /// <summary>Where to, as whom, and who said so.</summary>
    public Connection Connection => connection;

    public CliEnvironment Environment => environment;

    /// <summary>What Ctrl-C leaves behind, said once when it comes.</summary>
    public string WhenStopped { get; set; } = "stopped.";

    public string? Variable(string name) => environment.Variable(name);

    public T? Get<T>(Option<T> option) => parse.GetValue(option);

    public T Get<T>(Argument<T> argument) => parse.GetValue(argument)!; // The parser has refused a missing one; an optional one is nullable.

    /// <summary>A table for people, or a JSON array.</summary>
    public int List<T>(IReadOnlyCollection<T> items, string whenEmpty, params IReadOnlyList<(string Title, Func<T, string?> Cell)> columns)
    {
        if (json)
        {
            WriteJson(items);
        }
        else if (items.Count == 0)
        {
            environment.Error.WriteLine(whenEmpty);
        }
        else
        {
            answers.Table(items, columns);
        }

        return ExitCode.Passed;
    }

    /// <summary>Names and values for people, or a JSON object.</summary>
    public int Show<T>(T item, params IReadOnlyList<(string Name, string? Value)> facts)
    {
        if (json)
        {
            WriteJson(item);
        }
        else
        {
            answers.Facts(facts);
        }

        return ExitCode.Passed;
    }

    /// <summary>One value of a stream: a line for people, or one line of JSON.</summary>
    public void Line<T>(T item, string text) => environment.Out.WriteLine(json ? Answers.SerializeLine(item) : text);

    /// <summary>Text as it is: what a file holds.</summary>
    public int Text<T>(T item, string text)
    {
        if (json)
        {
            WriteJson(item);
        }
        else
        {
            environment.Out.WriteLine(text);
        }

        return ExitCode.Passed;
    }

    /// <summary>Done: a sentence for people, or the JSON of what came of it.</summary>
    public int Done<T>(T item, string text) => Text(item, text);

    /// <summary>Progress and remarks, never part of the answer.</summary>
    public void Note(string text) => environment.Error.WriteLine(text);

    /// <summary>Asks before what cannot be undone. Where nobody can answer, only <c>--yes</c> is one.</summary>
    public async Task ConfirmAsync(Option<bool> yes, string what)
    {
        if (Get(yes))
        {
            return;
        }

        if (!environment.InputTerminal || json)
        {
            throw MlopsException.Invalid("--yes", $"{what} This cannot be undone, and there is nobody to ask; --yes says that it is meant.");
        }

        WhenStopped = "stopped; nothing was done.";
        environment.Error.Write($"{what} This cannot be undone. Go on? [y/N] ");
        var answer = await Prompts.ReadLineAsync(environment, cancel);
        if (answer?.Trim().ToUpperInvariant() is not ("Y" or "YES"))
        {
            throw MlopsException.Invalid("--yes", "nothing was done.");
        }

        WhenStopped = "stopped; what was under way may have been done.";
    }

    /// <summary>Long work: a bar for people (text and how much of it is done, 0–1), a line for each piece that is done elsewhere, silence with <c>--json</c>.</summary>
    public async Task<T> ProgressAsync<T>(Func<Action<string, double>, Task<T>> work)
    {
        if (!environment.ErrorTerminal || json)
        {
            return await work((text, done) =>
            {
                if (done >= 1 && !json)
                {
                    Note(text);
                }
            });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Detect,
            ColorSystem = environment.ErrorColour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(environment.Error),
        });
        console.Profile.Width = environment.Width;
        return await console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new PercentageColumn()).StartAsync(async context =>
        {
            ProgressTask? bar = null;
            return await work((text, done) =>
            {
                var shown = Markup.Escape(TableFit.Cut(TableFit.Line(text), Math.Max(environment.Width - 30, 10)));
                bar ??= context.AddTask(shown, maxValue: 1);
                bar.Description = shown;
                bar.Value = done;
                bar = done >= 1 ? null : bar;
            });
        });
    }

    private void WriteJson<T>(T value) => environment.Out.WriteLine(Answers.Serialize(value));
}
