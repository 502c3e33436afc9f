using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Cli.Deployments;

/// <summary>Rows to score, as a person has them: a value a column, <see langword="null"/> where it is missing. Pure.</summary>
internal static class PredictRows
{
    /// <summary>JSON begins with a bracket; all else is CSV.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string?>> Read(string text)
    {
        var begin = text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return begin.Length == 0 ? throw MlopsException.Invalid("rows", "there are no rows; give JSON objects or CSV with a header row.")
            : begin[0] is '{' or '[' ? OfJson(begin)
            : OfCsv(begin);
    }

    /// <summary>One tensor for each column that the deployment takes; a column of which no row knows anything is left out.</summary>
    public static IReadOnlyList<Tensor> Columns(IReadOnlyList<IReadOnlyDictionary<string, string?>> rows, IReadOnlyList<TensorSpec> inputs)
    {
        var tensors = new List<Tensor>();
        foreach (var input in inputs.Where(i => rows.Any(r => r.ContainsKey(i.Name))))
        {
            var cells = rows.Select(r => r.GetValueOrDefault(input.Name)).ToList();
            tensors.Add(new Tensor(input.Name, input.Datatype, [cells.Count], Values(input, cells)));
        }

        return tensors.Count > 0
            ? tensors
            : throw MlopsException.Invalid("rows", $"no column of the rows is an input; the deployment takes {string.Join(", ", inputs.Select(i => i.Name))}.");
    }

    private static Array Values(TensorSpec input, List<string?> cells) => input.Datatype switch
    {
        "FP32" => Each(input, cells, "a number", float.NaN, (string t, out float v) => float.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out v)),
        "FP64" => Each(input, cells, "a number", double.NaN, (string t, out double v) => double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out v)),
        "BOOL" => Each(input, cells, "true or false", null, (string t, out bool v) => bool.TryParse(t, out v)),
        "BYTES" => Each(input, cells, "a text", "", (string t, out string v) =>
        {
            v = t;
            return true;
        }),
        _ when input.Datatype.StartsWith("UINT", StringComparison.Ordinal) =>
            Each(input, cells, "a whole number", null, (string t, out ulong v) => ulong.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out v)),
        _ => Each(input, cells, "a whole number", null, (string t, out long v) => long.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out v)),
    };

    private delegate bool TryParse<T>(string text, out T value);

    private static T[] Each<T>(TensorSpec input, List<string?> cells, string expected, object? missing, TryParse<T> parse)
    {
        var values = new T[cells.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (cells[i] is not { } text)
            {
                values[i] = missing is T none ? none : throw MlopsException.Invalid(input.Name, $"row {i + 1}: {input.Name} ({input.Datatype}) is missing; expected {expected}.");
            }
            else if (!parse(text, out values[i]))
            {
                throw MlopsException.Invalid(input.Name, $"row {i + 1}: {input.Name} is '{(text.Length > 40 ? text[..40] + "…" : text)}'; expected {expected}.");
            }
        }

        return values;
    }

    private static List<IReadOnlyDictionary<string, string?>> OfCsv(string text)
    {
        using var csv = new CsvReader(new StringReader(text), new CsvConfiguration(CultureInfo.InvariantCulture) { MissingFieldFound = null, BadDataFound = null });
        csv.Read();
        csv.ReadHeader();
        var header = csv.HeaderRecord!;
        var rows = new List<IReadOnlyDictionary<string, string?>>();
        while (csv.Read())
        {
            if (csv.Parser.Count != header.Length)
            {
                throw MlopsException.Invalid("rows", $"line {csv.Parser.RawRow} has {csv.Parser.Count} fields; the header has {header.Length}.");
            }

            rows.Add(header.Select((name, i) => (name, Value: csv[i])).DistinctBy(c => c.name).ToDictionary(c => c.name, c => string.IsNullOrEmpty(c.Value) ? null : c.Value));
        }

        return rows.Count > 0 ? rows : throw MlopsException.Invalid("rows", "the CSV has a header and no rows.");
    }

    /// <summary>An array of objects, one object, objects one after another, or MLflow's <c>dataframe_records</c> and <c>dataframe_split</c>.</summary>
    private static List<IReadOnlyDictionary<string, string?>> OfJson(string text)
    {
        var rows = new List<IReadOnlyDictionary<string, string?>>();
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text), new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            using var value = JsonDocument.ParseValue(ref reader);
            rows.AddRange(Rows(value.RootElement));
        }

        return rows.Count > 0 ? rows : throw MlopsException.Invalid("rows", "the JSON holds no rows.");
    }

    private static List<IReadOnlyDictionary<string, string?>> Rows(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            return [.. value.EnumerateArray().Select(Row)];
        }

        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("dataframe_records", out var records))
        {
            return Rows(records);
        }

        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("dataframe_split", out var split))
        {
            var names = split.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!).ToList();
            return [.. split.GetProperty("data").EnumerateArray().Select(r => names.Zip(r.EnumerateArray().Select(Cell)).ToDictionary(p => p.First, p => p.Second))];
        }

        return [Row(value)];
    }

    private static IReadOnlyDictionary<string, string?> Row(JsonElement row) => row.ValueKind == JsonValueKind.Object
        ? row.EnumerateObject().DistinctBy(m => m.Name).ToDictionary(m => m.Name, m => Cell(m.Value))
        : throw MlopsException.Invalid("rows", "a row must be a JSON object such as {\"age\": 41}.");

    private static string? Cell(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };
}
