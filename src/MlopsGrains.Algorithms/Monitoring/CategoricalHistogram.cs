using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// Integer counts of one categorical column: named categories, other, new, missing. Merges exactly, as <see cref="NumericHistogram"/>
/// does. Not thread-safe: one writer each, then merge.
/// </summary>
public sealed class CategoricalHistogram
{
    private const int Apart = 3;
    private readonly long[] counts;

    /// <summary>An empty histogram over <paramref name="bins"/>.</summary>
    public CategoricalHistogram(CategoryBins bins)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Bins = bins;
        counts = new long[bins.Named.Count + Apart];
    }

    private CategoricalHistogram(CategoryBins bins, long[] counts) => (Bins, this.counts) = (bins, counts);

    /// <summary>The bins counted into.</summary>
    public CategoryBins Bins { get; }

    /// <summary>Rows of each named category, in the order of <see cref="CategoryBins.Named"/>.</summary>
    public ReadOnlySpan<long> Named => counts.AsSpan(0, Bins.Named.Count);

    /// <summary>Rows of reference categories that are not named.</summary>
    public long Other => counts[^3];

    /// <summary>Rows of categories that the reference never had.</summary>
    public long New => counts[^2];

    /// <summary>Rows without a value.</summary>
    public long Missing => counts[^1];

    /// <summary>All rows, missing ones too.</summary>
    public long Rows => BinnedDistance.Sum(counts);

    /// <summary>Rows with a value.</summary>
    public long Present => Rows - Missing;

    /// <summary>Counts one value; null is a missing one, the empty string is not.</summary>
    public void Add(string? value) => counts[value is null ? counts.Length - 1 : Bins.SlotOf(value)]++;

    /// <summary>Counts every value of a column.</summary>
    public void Add(ReadOnlySpan<string?> values)
    {
        foreach (var value in values)
        {
            Add(value);
        }
    }

    /// <summary>Adds counts that came from <see cref="ToArray"/> of a histogram over the same bins.</summary>
    public void AddCounts(ReadOnlySpan<long> counts)
    {
        Check(Bins, counts);
        for (var i = 0; i < counts.Length; i++)
        {
            this.counts[i] = checked(this.counts[i] + counts[i]);
        }
    }

    /// <summary>A new histogram with the counts of both; the bins must be the same.</summary>
    public CategoricalHistogram Merge(CategoricalHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Bins.SameAs(other.Bins))
        {
            throw new ArgumentException("Histograms over different categories cannot be merged.", nameof(other));
        }

        var merged = new CategoricalHistogram(Bins, ToArray());
        merged.AddCounts(other.counts);
        return merged;
    }

    /// <summary>The counts to measure drift on: named, other, new.</summary>
    public long[] ToBinCounts() => counts[..^1];

    /// <summary>How the rarest bins are to be joined until each holds <paramref name="minPerBin"/> rows; see <see cref="BinMerge"/>.</summary>
    public BinMerge MergeBins(long minPerBin) => BinMerge.Rarest(ToBinCounts(), counts.Length - 1, minPerBin);

    /// <summary>All counts, for storing or sending: named, other, new, missing.</summary>
    public long[] ToArray() => [..counts];

    /// <summary>The histogram that <see cref="ToArray"/> came from.</summary>
    public static CategoricalHistogram FromArray(CategoryBins bins, ReadOnlySpan<long> counts)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Check(bins, counts);
        return new CategoricalHistogram(bins, counts.ToArray());
    }

    private static void Check(CategoryBins bins, ReadOnlySpan<long> counts)
    {
        if (counts.Length != bins.Named.Count + Apart)
        {
            throw new ArgumentException($"{bins.Named.Count} named categories have {bins.Named.Count + Apart} counts; came {counts.Length}.", nameof(counts));
        }

        foreach (var count in counts)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
        }
    }
}
