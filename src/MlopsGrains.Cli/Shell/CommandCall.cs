using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Client;
using Spectre.Console;

namespace MlopsGrains.Cli.Shell;

/// <summary>One invocation of a leaf command: its inputs, its client, and how it answers.</summary>
internal sealed class CommandCall(ParseResult parse, MlopsGrainsClient client, CliEnvironment environment, string? apiKey, bool json, CancellationToken cancel)
{
    private const int RedirectedWidth = 4096; // A file has no edge: never wrap or cut a value that a script may read.

    private static readonly JsonSerializerOptions Indented = CreateJson(indented: true);

    private static readonly JsonSerializerOptions OneLine = CreateJson(indented: false);

    public MlopsGrainsClient Client => client;

    public CancellationToken Cancel => cancel;

    public bool IsJson => json;

    public string? ApiKey => apiKey;

    public string? Variable(string name) => environment.Variable(name);

    public T? Get<T>(Option<T> option) => parse.GetValue(option);

    public T Get<T>(Argument<T> argument) => parse.GetValue(argument)!; // The parser has refused a missing one; an optional one is nullable.

    /// <summary>A table for people, or a JSON array.</summary>
    public int List<T>(IReadOnlyCollection<T> items, string whenEmpty, params (string Title, Func<T, string?> Cell)[] columns)
    {
        if (json)
        {
            WriteJson(items);
            return ExitCode.Passed;
        }

        if (items.Count == 0)
        {
            environment.Error.WriteLine(whenEmpty);
            return ExitCode.Passed;
        }

        var table = new Table { Border = environment.Terminal ? TableBorder.Rounded : TableBorder.None };
        foreach (var (title, _) in columns)
        {
            var header = environment.Terminal ? new Text(title, new Style(decoration: Decoration.Bold)) : new Text(title);
            table.AddColumn(new TableColumn(header) { NoWrap = !environment.Terminal });
        }

        foreach (var item in items)
        {
            table.AddRow(columns.Select(c => new Text(c.Cell(item) ?? "-")));
        }

        Write(table);
        return ExitCode.Passed;
    }

    /// <summary>Names and values for people, or a JSON object.</summary>
    public int Show<T>(T item, params (string Name, string? Value)[] facts)
    {
        if (json)
        {
            WriteJson(item);
            return ExitCode.Passed;
        }

        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true }).AddColumn();
        foreach (var (name, value) in facts)
        {
            grid.AddRow(new Text(name), new Text(value ?? "-"));
        }

        Write(grid);
        return ExitCode.Passed;
    }

    /// <summary>One value of a stream: a line for people, or one line of JSON.</summary>
    public void Line<T>(T item, string text) => environment.Out.WriteLine(json ? JsonSerializer.Serialize(item, OneLine) : text);

    /// <summary>Done: a sentence for people, or the JSON of what came of it.</summary>
    public int Done<T>(T item, string text)
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

    /// <summary>Progress and remarks, never part of the answer.</summary>
    public void Note(string text) => environment.Error.WriteLine(text);

    /// <summary>Long work: a bar for people (text and how much of it is done, 0–1), a line for each piece that is done elsewhere, silence with <c>--json</c>.</summary>
    public async Task<T> ProgressAsync<T>(Func<Action<string, double>, Task<T>> work)
    {
        if (!environment.Terminal || json)
        {
            return await work((text, done) =>
            {
                if (done >= 1 && !json)
                {
                    Note(text);
                }
            });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(environment.Error) });
        return await console.Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask? bar = null;
            return await work((text, done) =>
            {
                bar ??= context.AddTask("", maxValue: 1);
                bar.Description = Markup.Escape(text);
                bar.Value = done;
                bar = done >= 1 ? null : bar;
            });
        });
    }

    private void WriteJson<T>(T value) => environment.Out.WriteLine(JsonSerializer.Serialize(value, Indented));

    private void Write(Spectre.Console.Rendering.IRenderable what)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = environment.Colour ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = environment.Colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(environment.Out),
        });
        if (!environment.Terminal)
        {
            console.Profile.Width = RedirectedWidth;
        }

        console.Write(what);
    }

    private static JsonSerializerOptions CreateJson(bool indented) => new(JsonSerializerDefaults.Web)
    {
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // A terminal is no HTML page; names stay readable.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
