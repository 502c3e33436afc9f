using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// The order of a run search: the requested keys, then start time descending, then run id. Numbers come first, NaN after them, what a run does not have
/// last, in both directions.
/// </summary>
internal sealed class RunOrder : IComparer<RunPlace>
{
    private readonly List<RunOrderKey> keys = [];

    private RunOrder(IReadOnlyList<string> orderBy)
    {
        if (orderBy.Count > TrackingLimits.OrderKeysMax)
        {
            throw MlopsException.Invalid("orderBy", $"orderBy has {orderBy.Count} keys; at most {TrackingLimits.OrderKeysMax}.");
        }

        for (var i = 0; i < orderBy.Count; i++)
        {
            keys.Add(Key($"orderBy[{i}]", orderBy[i]));
        }

        if (keys.GroupBy(k => k.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw FilterWords.OrderedTwice("orderBy", twice.Key);
        }

        keys.Add(new RunOrderKey(new RunField(RunFieldKind.StartTime, "start_time"), null, false));
    }

    /// <summary>How many parts a place has.</summary>
    public int Parts => keys.Count;

    public static RunOrder Parse(IReadOnlyList<string>? orderBy) => new(orderBy ?? []);

    public int Compare(RunPlace? x, RunPlace? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        for (var k = 0; k < keys.Count; k++)
        {
            var compared = PlacePart.Compare(x.Parts[k], y.Parts[k], keys[k].Ascending);
            if (compared != 0)
            {
                return compared;
            }
        }

        return string.CompareOrdinal(x.RunId, y.RunId);
    }

    /// <summary>The order over a table's columns. Good until the table changes.</summary>
    public Columns Bind(RunTable table) => new(table, keys);

    private static RunOrderKey Key(string field, string text)
    {
        try
        {
            var (entity, name, function, ascending) = FilterSyntax.ParseOrder(text);
            var found = RunField.Find(field, entity, name);

            // The index knows no values at a step, and only metrics have a history.
            return found.Sortable && (function is null || (found.Kind == RunFieldKind.Metric && function.Kind != FilterFunctionKind.At))
                ? new RunOrderKey(found, function?.Kind == FilterFunctionKind.Last ? null : function, ascending)
                : throw MlopsException.Invalid(field, $"{field}: runs cannot be ordered by {function?.Of(found.Name) ?? found.Name}.");
        }
        catch (FilterSyntaxException e)
        {
            throw FilterWords.BadOrder(field, text, e);
        }
    }

    internal sealed class Columns(RunTable table, List<RunOrderKey> keys)
    {
        private readonly int[] columns = new int[keys.Count];
        private RunShape? shape;

        /// <summary>How many parts a place has.</summary>
        public int Parts => keys.Count;

        public bool Ascending(int key) => keys[key].Ascending;

        /// <summary>The first part of a row's place: enough to turn most rows away.</summary>
        public PlacePart First(RunBlock block, int row) => Part(block, row, 0);

        public RunPlace PlaceOf(RunBlock block, int row)
        {
            var parts = new PlacePart[keys.Count];
            for (var k = 0; k < parts.Length; k++)
            {
                parts[k] = Part(block, row, k);
            }

            return new RunPlace(parts, block.Id(row));
        }

        public int Compare(RunBlock block, int row, PlacePart first, RunPlace place)
        {
            var compared = PlacePart.Compare(first, place.Parts[0], keys[0].Ascending);
            for (var k = 1; compared == 0 && k < keys.Count; k++)
            {
                compared = PlacePart.Compare(Part(block, row, k), place.Parts[k], keys[k].Ascending);
            }

            return compared != 0 ? compared : string.CompareOrdinal(block.Id(row), place.RunId);
        }

        public PlacePart Part(RunBlock block, int row, int key)
        {
            if (block.Shape != shape)
            {
                Enter(block.Shape);
            }

            var column = columns[key];
            return keys[key].Field.Kind switch
            {
                RunFieldKind.Metric when column < 0 => PlacePart.Missing,
                RunFieldKind.Metric when keys[key].Function is { Kind: var function } => block.History(row, column).Of(function) is { } number ? PlacePart.Of(number) : PlacePart.Missing,
                RunFieldKind.Metric => PlacePart.Of(block.Value(row, column)),
                RunFieldKind.Param or RunFieldKind.Tag => column < 0 ? PlacePart.Missing : PlacePart.Of(table.Texts[block.Text(row, column)]),
                RunFieldKind.StartTime => PlacePart.Of(block.StartTimes[row]),
                RunFieldKind.EndTime => block.EndTimes[row] is not RunBlock.NoTime and var end ? PlacePart.Of(end) : PlacePart.Missing,
                RunFieldKind.RunName => PlacePart.Of(table.Texts[block.Name(row)]),
                RunFieldKind.UserId => PlacePart.Of(table.Texts[block.User(row)]),
                RunFieldKind.Status => PlacePart.Of(RunField.NameOf(block.Status(row))),
                RunFieldKind.ArtifactUri => PlacePart.Of(table.UriOf(block, row)),
                _ => PlacePart.Of(block.Id(row)),
            };
        }

        private void Enter(RunShape next)
        {
            shape = next;
            for (var k = 0; k < columns.Length; k++)
            {
                var field = keys[k].Field;
                columns[k] = field.Kind switch
                {
                    RunFieldKind.Metric => next.MetricAt(field.Key),
                    RunFieldKind.Param => next.ParamAt(field.Key),
                    RunFieldKind.Tag => next.TagAt(field.Key),
                    _ => -1,
                };
            }
        }
    }
}

/// <param name="Field">What to order by.</param>
/// <param name="Function">What of a metric's history; <see langword="null"/> for the latest value.</param>
/// <param name="Ascending">Direction.</param>
internal sealed record RunOrderKey(RunField Field, FilterFunction? Function, bool Ascending)
{
    public string Name => Function?.Of(Field.Name) ?? Field.Name;
}

/// <summary>Where a row stands in an order. As a key set it stays right while rows come and go.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunPlace")]
internal sealed record RunPlace([property: Id(0)] IReadOnlyList<PlacePart> Parts, [property: Id(1)] string RunId);

/// <param name="Rank">0: a value, 1: NaN, 2: missing.</param>
/// <param name="Number">A number.</param>
/// <param name="Text">A text.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunPlacePart")]
internal readonly record struct PlacePart([property: Id(0)] int Rank, [property: Id(1)] double Number, [property: Id(2)] string? Text)
{
    public static readonly PlacePart Missing = new(2, 0, null);

    public static PlacePart Of(double number) => double.IsNaN(number) ? new(1, 0, null) : new(0, number, null);

    public static PlacePart Of(string text) => new(0, 0, text);

    public static int Compare(PlacePart x, PlacePart y, bool ascending)
    {
        if (x.Rank != y.Rank || x.Rank != 0)
        {
            return x.Rank.CompareTo(y.Rank);
        }

        var compared = x.Text is not null || y.Text is not null ? string.CompareOrdinal(x.Text, y.Text) : x.Number.CompareTo(y.Number);
        return ascending ? compared : -compared;
    }
}
