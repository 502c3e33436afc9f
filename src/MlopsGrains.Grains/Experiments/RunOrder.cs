using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

/// <summary>
/// The order of a run search: the requested keys, then start time descending, then run id. Numbers come first, NaN after them, what a run does not have
/// last, in both directions. A place in the order is a key set, so a page token stays right while runs come and go.
/// </summary>
internal sealed class RunOrder : IComparer<RunOrder.Place>
{
    private readonly List<(RunField Field, bool Ascending)> keys = [];
    private readonly string signature;

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

        if (keys.GroupBy(k => k.Field.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw MlopsException.Invalid("orderBy", $"orderBy names {twice.Key} twice.");
        }

        signature = string.Join('\n', keys.Select(k => $"{k.Field.Name} {(k.Ascending ? "+" : "-")}"));
    }

    public static RunOrder Parse(IReadOnlyList<string>? orderBy) => new(orderBy ?? []);

    public Place PlaceOf(Run run) =>
        new([.. keys.Select(k => k.Field.Value(run) is { } value ? Part.Of(value) : Part.Missing)], run.Info.StartTime, run.Info.RunId);

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

        var start = y.StartTime.CompareTo(x.StartTime);
        return start != 0 ? start : string.CompareOrdinal(x.RunId, y.RunId);
    }

    public string Token(Run last) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new Cursor(signature, PlaceOf(last))));

    public Place? Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        try
        {
            var cursor = JsonSerializer.Deserialize<Cursor>(Base64Url.DecodeFromChars(token));
            if (cursor?.Place is { Parts: not null, RunId: not null } place && cursor.Order == signature && place.Parts.Count == keys.Count)
            {
                return place;
            }
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
        }

        throw MlopsException.Invalid("pageToken", "The page token is not one that this search, in this order, gave out.");
    }

    private static (RunField Field, bool Ascending) Key(string field, string text)
    {
        try
        {
            var (entity, name, ascending) = FilterSyntax.ParseOrder(text);
            var found = RunField.Find(field, entity, name);
            return found.Sortable ? (found, ascending) : throw MlopsException.Invalid(field, $"{field}: runs cannot be ordered by {found.Name}.");
        }
        catch (FilterSyntaxException e)
        {
            throw MlopsException.Invalid(field, $"Invalid order_by '{text}': {e.Message}.");
        }
    }

    internal sealed record Place(IReadOnlyList<Part> Parts, long StartTime, string RunId);

    /// <param name="Rank">0: a value, 1: NaN, 2: missing.</param>
    /// <param name="Bits">A number's bits, because JSON has no infinities.</param>
    /// <param name="Text">A text.</param>
    internal readonly record struct Part(int Rank, long Bits, string? Text)
    {
        public static readonly Part Missing = new(2, 0, null);

        [JsonIgnore]
        public double Number => BitConverter.Int64BitsToDouble(Bits);

        public static Part Of(RunValue value) => new(double.IsNaN(value.Number) ? 1 : 0, BitConverter.DoubleToInt64Bits(value.Number), value.Text);

        public static int Compare(Part x, Part y, bool ascending)
        {
            if (x.Rank != y.Rank || x.Rank != 0)
            {
                return x.Rank.CompareTo(y.Rank);
            }

            var compared = x.Text is not null || y.Text is not null ? string.CompareOrdinal(x.Text, y.Text) : x.Number.CompareTo(y.Number);
            return ascending ? compared : -compared;
        }
    }

    private sealed record Cursor(string Order, Place Place);
}
