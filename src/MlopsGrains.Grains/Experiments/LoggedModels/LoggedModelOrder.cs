using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>
/// The order of a search: the requested keys, then creation time descending, then model id. Numbers come first, NaN after them, what a model does not have last,
/// in both directions. Pure.
/// </summary>
internal sealed class LoggedModelOrder : IComparer<LoggedModelOrder.Place>
{
    private readonly List<(Func<LoggedModel, Part> Value, bool Ascending)> keys = [];

    public LoggedModelOrder(IReadOnlyList<LoggedModelOrderKey> orderBy)
    {
        if (orderBy.Count > TrackingLimits.OrderKeysMax)
        {
            throw MlopsException.Invalid("order_by", $"order_by has {orderBy.Count} keys; at most {TrackingLimits.OrderKeysMax}.");
        }

        for (var i = 0; i < orderBy.Count; i++)
        {
            keys.Add((Value($"order_by[{i}]", orderBy[i]), orderBy[i].Ascending));
        }

        if (orderBy.GroupBy(k => (k.Field, k.Dataset)).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw FilterWords.OrderedTwice("order_by", twice.Key.Field);
        }
    }

    public int Count => keys.Count;

    public Place PlaceOf(LoggedModel model) => new([.. keys.Select(k => k.Value(model))], model.CreationTime, model.ModelId);

    public int Compare(Place? x, Place? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        for (var i = 0; i < keys.Count; i++)
        {
            var compared = Part.Compare(x.Parts[i], y.Parts[i], keys[i].Ascending);
            if (compared != 0)
            {
                return compared;
            }
        }

        var created = y.CreationTime.CompareTo(x.CreationTime);
        return created != 0 ? created : string.CompareOrdinal(x.ModelId, y.ModelId);
    }

    private static Func<LoggedModel, Part> Value(string field, LoggedModelOrderKey key)
    {
        var (entity, name) = Split(key.Field);
        if (entity == "metrics" && name.Length > 0)
        {
            return model => Latest(model, name, key.Dataset) is { } value ? Part.Of(value) : Part.Missing;
        }

        if (key.Dataset is not null)
        {
            throw MlopsException.Invalid($"{field}.dataset_name", $"{field}: a dataset may be named for metrics only, not for '{key.Field}'.");
        }

        if (entity is null or "attributes" or "attribute" or "attr")
        {
            if (LoggedModelFields.Number(name) is { } number)
            {
                return model => Part.Of(number(model));
            }

            if (LoggedModelFields.Text(name) is { } text)
            {
                return model => text(model) is { } value ? Part.Of(value) : Part.Missing;
            }
        }

        throw MlopsException.Invalid(
            $"{field}.field_name",
            $"Invalid order by field name: {(key.Field.Length <= 100 ? key.Field : key.Field[..100] + "…")}. Valid are name, model_id, model_type, status, source_run_id, creation_timestamp, last_updated_timestamp and metrics.<key>.");
    }

    private static double? Latest(LoggedModel model, string key, MetricDataset? dataset)
    {
        LoggedModelMetric? latest = null;
        foreach (var metric in model.Metrics)
        {
            if (metric.Key == key && (dataset is null || LoggedModelFields.IsOn(metric, dataset)) && LoggedModelRules.IsLater(metric, latest))
            {
                latest = metric;
            }
        }

        return latest?.Value;
    }

    /// <summary>Clients send the key as it is; quotes around the name are tolerated.</summary>
    private static (string? Entity, string Name) Split(string field)
    {
        var dot = field.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return (null, field);
        }

        var name = field[(dot + 1)..];
        return (field[..dot], name is ['`', _, .., '`'] or ['"', _, .., '"'] ? name[1..^1] : name);
    }

    internal sealed record Place(IReadOnlyList<Part> Parts, long CreationTime, string ModelId);

    /// <param name="Rank">0: a value, 1: NaN, 2: missing.</param>
    /// <param name="Bits">A number's bits, because JSON has no infinities; a whole number itself.</param>
    /// <param name="Text">A text.</param>
    /// <param name="IsWhole">Whether <paramref name="Bits"/> is a whole number.</param>
    internal readonly record struct Part(int Rank, long Bits, string? Text = null, bool IsWhole = false)
    {
        public static readonly Part Missing = new(2, 0);

        public static Part Of(double value) => new(double.IsNaN(value) ? 1 : 0, BitConverter.DoubleToInt64Bits(value));

        public static Part Of(long value) => new(0, value, null, true);

        public static Part Of(string value) => new(0, 0, value);

        public static int Compare(Part x, Part y, bool ascending)
        {
            if (x.Rank != y.Rank || x.Rank != 0)
            {
                return x.Rank.CompareTo(y.Rank);
            }

            var compared = x.Text is not null || y.Text is not null ? string.CompareOrdinal(x.Text, y.Text)
                : x.IsWhole ? x.Bits.CompareTo(y.Bits)
                : BitConverter.Int64BitsToDouble(x.Bits).CompareTo(BitConverter.Int64BitsToDouble(y.Bits));
            return ascending ? compared : -compared;
        }
    }
}
