using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// The bins of a categorical column: the most frequent reference categories by name, the rest as "other", what the reference
/// never had as "new". Names are compared ordinally, without trimming; the empty string is a category. Immutable.
/// </summary>
public sealed class CategoryBins
{
    /// <summary>The most categories that are named.</summary>
    public const int MaxNamed = 64;

    /// <summary>The most further reference categories whose hashes are kept to tell "other" from "new".</summary>
    public const int MaxOther = 4_096;

    private readonly string[] named;
    private readonly ulong[] other;
    private readonly Dictionary<string, int> slots;

    /// <summary>Bins from stored parts.</summary>
    /// <param name="named">Distinct names, at most <see cref="MaxNamed"/>.</param>
    /// <param name="otherHashes"><see cref="StableHash.Of(string)"/> of the other reference categories, at most <see cref="MaxOther"/>.</param>
    /// <param name="otherIsOpen">True when there were more of them than could be kept; then nothing can be told to be new.</param>
    public CategoryBins(ReadOnlySpan<string> named, ReadOnlySpan<ulong> otherHashes = default, bool otherIsOpen = false)
    {
        if (named.Length > MaxNamed)
        {
            throw new ArgumentException($"{named.Length} named categories; at most {MaxNamed}.", nameof(named));
        }

        if (otherHashes.Length > MaxOther)
        {
            throw new ArgumentException($"{otherHashes.Length} other categories; at most {MaxOther}.", nameof(otherHashes));
        }

        this.named = named.ToArray();
        other = otherHashes.ToArray();
        Array.Sort(other);
        OtherIsOpen = otherIsOpen;
        slots = new Dictionary<string, int>(this.named.Length, StringComparer.Ordinal);
        for (var i = 0; i < this.named.Length; i++)
        {
            if (!slots.TryAdd(this.named[i], i))
            {
                throw new ArgumentException($"Category \"{this.named[i]}\" is named twice.", nameof(named));
            }
        }
    }

    /// <summary>The named categories, the most frequent first.</summary>
    public IReadOnlyList<string> Named => named;

    /// <summary>Hashes of the other reference categories, ascending.</summary>
    public ReadOnlySpan<ulong> OtherHashes => other;

    /// <summary>True when the reference had too many categories to know them all; an unknown one then counts as other.</summary>
    public bool OtherIsOpen { get; }

    /// <summary>Bins from a reference column: up to <paramref name="named"/> names by falling count, ties by ordinal name; nulls are left out.</summary>
    public static CategoryBins Compute(IEnumerable<string?> values, int named = MaxNamed)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(named);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(named, MaxNamed);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            if (value is not null)
            {
                counts[value] = counts.GetValueOrDefault(value) + 1;
            }
        }

        var ranked = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key).ToArray();
        var names = ranked.Take(named).ToArray();
        var other = ranked.Skip(named).Take(MaxOther).Select(StableHash.Of).ToArray();
        return new CategoryBins(names, other, ranked.Length > named + MaxOther);
    }

    /// <summary>Whether both count into the same bins.</summary>
    public bool SameAs(CategoryBins other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(this, other)
            || (OtherIsOpen == other.OtherIsOpen
                && named.AsSpan().SequenceEqual(other.named)
                && this.other.AsSpan().SequenceEqual(other.other));
    }

    // Slots: the named ones, then other, then new.
    internal int SlotOf(string value)
    {
        if (slots.TryGetValue(value, out var slot))
        {
            return slot;
        }

        var known = OtherIsOpen || (other.Length > 0 && Array.BinarySearch(other, StableHash.Of(value)) >= 0);
        return known ? named.Length : named.Length + 1;
    }
}
