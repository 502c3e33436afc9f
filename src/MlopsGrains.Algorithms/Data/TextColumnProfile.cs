namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Profile of a text column, one value at a time, in bounded memory. Merging gives the same counts, lengths and distinct count as one
/// pass; the top categories while they are exact. Not thread-safe: one writer each, then merge.
/// </summary>
public sealed class TextColumnProfile
{
    /// <summary>Longer values are cut to this many UTF-16 units for the top categories; lengths and distinct count see them whole.</summary>
    public const int MaxCategoryLength = 128;

    private int shortest = int.MaxValue;
    private int longest;

    /// <summary>All rows.</summary>
    public long Rows => Lengths.Count + Missing;

    /// <summary>Rows without a value; the empty string is a value.</summary>
    public long Missing { get; private set; }

    /// <summary>Rows with the empty string.</summary>
    public long Empty { get; private set; }

    /// <summary>Count, mean and variance of the lengths, in UTF-16 units.</summary>
    public Moments Lengths { get; private set; }

    /// <summary>Shortest length in UTF-16 units; null without values.</summary>
    public int? MinLength => Lengths.Count > 0 ? shortest : null;

    /// <summary>Longest length in UTF-16 units; null without values.</summary>
    public int? MaxLength => Lengths.Count > 0 ? longest : null;

    /// <summary>Distinct values, compared ordinally.</summary>
    public DistinctCounter Distinct { get; private set; } = new();

    /// <summary>The most frequent values.</summary>
    public TopCategories Categories { get; private set; } = new();

    /// <summary>Adds one value; null is a missing one.</summary>
    public void Add(string? value)
    {
        if (value is null)
        {
            Missing++;
            return;
        }

        Empty += value.Length == 0 ? 1 : 0;
        Lengths = Lengths.Add(value.Length);
        shortest = Math.Min(shortest, value.Length);
        longest = Math.Max(longest, value.Length);
        Distinct.Add(StableHash.Of(value));
        Categories.Add(value.Length > MaxCategoryLength ? Cut(value) : value);
    }

    /// <summary>A new profile of both parts.</summary>
    public TextColumnProfile Merge(TextColumnProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new TextColumnProfile
        {
            Missing = Missing + other.Missing,
            Empty = Empty + other.Empty,
            Lengths = Lengths.Merge(other.Lengths),
            shortest = Math.Min(shortest, other.shortest),
            longest = Math.Max(longest, other.longest),
            Distinct = Distinct.Merge(other.Distinct),
            Categories = Categories.Merge(other.Categories),
        };
    }

    // Half a surrogate pair is not text.
    private static string Cut(string value) =>
        value[..(char.IsHighSurrogate(value[MaxCategoryLength - 1]) ? MaxCategoryLength - 1 : MaxCategoryLength)];
}
