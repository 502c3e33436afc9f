using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The watched columns of a CSV with a header, read once from start to end.</summary>
internal sealed class ReferenceTable
{
    public const string Field = "referenceDigest";
    public const int RowsMax = 1_000_000;

    /// <summary>80 MB of numbers.</summary>
    public const long CellsMax = 10_000_000;

    private ReferenceTable(long rows, IReadOnlyList<ReferenceColumn> columns)
    {
        Rows = rows;
        Columns = columns;
    }

    public long Rows { get; }

    public IReadOnlyList<ReferenceColumn> Columns { get; }

    /// <exception cref="MlopsException">Not the CSV that datasets take, a watched column that is absent, text in a numeric column, or more than fits.</exception>
    public static ReferenceTable Read(Stream content, IReadOnlyList<WatchedFeature> features, CancellationToken cancellationToken)
    {
        using var csv = Open(content);
        var columns = features.Select(f => new ReferenceColumn(f)).ToList();
        var places = features.Select((f, i) => Find(csv, f.Name, i)).ToList();
        while (Step(csv))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (csv.Row > RowsMax || csv.Row * columns.Count > CellsMax)
            {
                throw new MlopsException(ErrorKind.TooLarge, $"The reference has more than {RowsMax} rows or {CellsMax} watched values; give a sample of it.", Field);
            }

            for (var i = 0; i < columns.Count; i++)
            {
                if (!columns[i].Add(csv[places[i]]))
                {
                    throw Unfit(csv.Refuse(columns[i].Name, $"is '{csv.Text(places[i])}', not {(features[i].Kind == FeatureKind.Boolean ? "true or false" : "a number")} as the model takes"));
                }
            }
        }

        return csv.Row > 0 ? new ReferenceTable(csv.Row, columns) : throw MlopsException.Invalid(Field, $"{Field}: the reference has no rows.");
    }

    private static CsvReader Open(Stream content)
    {
        try
        {
            return CsvReader.Open(content);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.InvalidInput)
        {
            throw Unfit(e);
        }
    }

    private static bool Step(CsvReader csv)
    {
        try
        {
            return csv.Read();
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.InvalidInput)
        {
            throw Unfit(e);
        }
    }

    private static int Find(CsvReader csv, string name, int feature)
    {
        var place = csv.IndexOf(name);
        return place >= 0 ? place : throw MlopsException.Invalid($"features[{feature}]", $"features[{feature}] '{name}' is not a column of the reference.");
    }

    /// <summary>The caller gave a digest, so that is the field to blame; the message keeps row and column.</summary>
    private static MlopsException Unfit(MlopsException fault) => MlopsException.Invalid(Field, $"{Field}: {fault.Message}");
}

/// <summary>One column: numbers while every value is one, else how often each text occurs.</summary>
internal sealed class ReferenceColumn(WatchedFeature feature)
{
    /// <summary>Distinct texts counted by name; the bins name far fewer, so rare ones past this are all alike.</summary>
    private const int TextsMax = 10_000;

    private readonly Dictionary<string, long> texts = new(StringComparer.Ordinal);
    private List<double>? numbers = feature.Kind is FeatureKind.Text or FeatureKind.Boolean ? null : [];

    public string Name => feature.Name;

    /// <summary>The numbers, or <see langword="null"/> for a text column.</summary>
    public IReadOnlyList<double>? Numbers => numbers;

    /// <summary>How often each text occurs; truth values in one spelling.</summary>
    public IReadOnlyDictionary<string, long> Texts => feature.Kind != FeatureKind.Text && texts.Keys.All(t => CsvValue.TryBoolean(t, out _))
        ? texts.GroupBy(t => Truths.Plain(t.Key)).ToDictionary(t => t.Key, t => t.Sum(x => x.Value), StringComparer.Ordinal)
        : texts;

    /// <summary>Texts beyond the ones counted by name.</summary>
    public long OtherTexts { get; private set; }

    public long Missing { get; private set; }

    /// <summary>Adds a cell; false when it is not what the model takes.</summary>
    public bool Add(ReadOnlySpan<char> cell)
    {
        if (cell.IsEmpty)
        {
            Missing++;
            return true;
        }

        if (feature.Kind == FeatureKind.Boolean && !CsvValue.TryBoolean(cell, out _))
        {
            return false;
        }

        if (feature.Kind != FeatureKind.Numeric)
        {
            AddText(cell.ToString());
        }

        if (numbers is null)
        {
            return true;
        }

        if (CsvValue.TryNumber(cell, out var number))
        {
            numbers.Add(number);
            return true;
        }

        numbers = null;
        return feature.Kind == FeatureKind.Inferred;
    }

    private void AddText(string value)
    {
        if (texts.TryGetValue(value, out var count))
        {
            texts[value] = count + 1;
        }
        else if (texts.Count < TextsMax)
        {
            texts.Add(value, 1);
        }
        else
        {
            OtherTexts++;
        }
    }
}
