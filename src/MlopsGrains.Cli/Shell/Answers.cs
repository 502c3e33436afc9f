using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlopsGrains.Cli.Shell;

/// <summary>How answers look: tables and facts for people, whole in a pipe, exact JSON.</summary>
internal sealed class Answers(CliEnvironment environment, bool wide)
{
    private static readonly JsonSerializerOptions Indented = CreateJson(indented: true);

    private static readonly JsonSerializerOptions OneLine = CreateJson(indented: false);

    private bool Fits => environment.Terminal && !wide;

    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Indented);

    public static string SerializeLine<T>(T value) => JsonSerializer.Serialize(value, OneLine);

    public void Table<T>(IReadOnlyCollection<T> items, IReadOnlyList<(string Title, Func<T, string?> Cell)> columns)
    {
        var cells = columns.Select(c => (IReadOnlyList<string>)[c.Title, .. items.Select(i => TableFit.Line(c.Cell(i)))]).ToList();
        var widths = Fits ? TableFit.Widths(cells, environment.Width) : [.. cells.Select(c => c.Max(TableFit.Measure))];
        for (var row = 0; row <= items.Count; row++)
        {
            var line = string.Join("  ", widths.Select((width, column) =>
            {
                var cell = TableFit.Cut(cells[column][row], width);
                cell = column == widths.Count - 1 ? cell : TableFit.Pad(cell, width);
                return row == 0 ? Colours.Bold(cell, environment.Colour) : Colours.State(cell, environment.Colour);
            }));
            environment.Out.WriteLine(line);
        }

        if (widths.Count < columns.Count)
        {
            var left = string.Join(", ", columns.Skip(widths.Count).Select(c => c.Title));
            environment.Error.WriteLine(Colours.Faint($"Left out: {left}. --wide shows all.", environment.ErrorColour));
        }
    }

    /// <summary>A value of several lines takes several rows.</summary>
    public void Facts(IReadOnlyList<(string Name, string? Value)> facts)
    {
        var names = facts.Max(f => f.Name.Length);
        foreach (var (name, value) in facts)
        {
            var head = name;
            foreach (var line in (value ?? "-").Split('\n'))
            {
                var shown = TableFit.Line(line);
                environment.Out.WriteLine(
                    $"{Colours.Bold(head.PadRight(names), environment.Colour && head.Length > 0)}  {(Fits ? TableFit.Cut(shown, Math.Max(environment.Width - names - TableFit.Gap, 1)) : shown)}");
                head = "";
            }
        }
    }

    private static JsonSerializerOptions CreateJson(bool indented) => new(JsonSerializerDefaults.Web)
    {
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // A terminal is not an HTML page; names stay readable.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
