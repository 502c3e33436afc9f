using System.Globalization;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// Integer counts of one numeric column over fixed bins. Any tree of merges of any split of a stream gives the same counts as one
/// pass, bit for bit. Not thread-safe: one writer each, then merge.
/// </summary>
public sealed class NumericHistogram
{
    private const int Apart = 4;
    private readonly long[] counts;

    /// <summary>An empty histogram over <paramref name="bins"/>.</summary>
    public NumericHistogram(NumericBins bins)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Bins = bins;
        counts = new long[bins.Count + Apart];
    }

    private NumericHistogram(NumericBins bins, long[] counts) => (Bins, this.counts) = (bins, counts);

    /// <summary>The bins counted into.</summary>
    public NumericBins Bins { get; }

    /// <summary>Rows in each bin inside the reference range, in order; those outside are not in it.</summary>
    public ReadOnlySpan<long> Inside => counts.AsSpan(0, Bins.Count);

    /// <summary>Rows below the reference minimum.</summary>
    public long Below => counts[Bins.Count];

    /// <summary>Rows above the reference maximum.</summary>
    public long Above => counts[Bins.Count + 1];

    /// <summary>Rows without a value.</summary>
    public long Missing => counts[Bins.Count + 2];

    /// <summary>Rows with NaN or an infinity.</summary>
    public long NonFinite => counts[Bins.Count + 3];

    /// <summary>All rows: finite, missing and not finite.</summary>
    public long Rows => BinnedDistance.Sum(counts);

    /// <summary>Rows with a finite value.</summary>
    public long Finite => Rows - Missing - NonFinite;

    /// <summary>Counts one value; NaN and infinities are counted apart.</summary>
    public void Add(double value) => counts[SlotOf(value)]++;

    /// <summary>Counts one value or, for null, a missing one.</summary>
    public void Add(double? value)
    {
        if (value is { } present)
        {
            Add(present);
        }
        else
        {
            AddMissing(1);
        }
    }

    /// <summary>Counts every value of a column.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            Add(value);
        }
    }

    /// <summary>Counts every value of a column.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            Add((double)value);
        }
    }

    /// <summary>Counts rows without a value.</summary>
    /// <param name="rows">0 or more.</param>
    public void AddMissing(long rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        counts[Bins.Count + 2] += rows;
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
    public NumericHistogram Merge(NumericHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Bins.SameAs(other.Bins))
        {
            throw new ArgumentException("Histograms over different bins cannot be merged.", nameof(other));
        }

        var merged = new NumericHistogram(Bins, ToArray());
        merged.AddCounts(other.counts);
        return merged;
    }

    /// <summary>The counts to measure drift on: rows below the range are in the first bin, rows above in the last.</summary>
    public long[] ToBinCounts()
    {
        var counts = Inside.ToArray();
        counts[0] += Below;
        counts[^1] += Above;
        return counts;
    }

    /// <summary>How neighbouring bins are to be joined until each holds <paramref name="minPerBin"/> rows; see <see cref="BinMerge"/>.</summary>
    public BinMerge MergeBins(long minPerBin) => BinMerge.Neighbours(ToBinCounts(), Bins.Count, minPerBin);

    /// <summary>All counts, for storing or sending: the bins, then below, above, missing, not finite.</summary>
    public long[] ToArray() => [..counts];

    /// <summary>The histogram that <see cref="ToArray"/> came from.</summary>
    public static NumericHistogram FromArray(NumericBins bins, ReadOnlySpan<long> counts)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Check(bins, counts);
        return new NumericHistogram(bins, counts.ToArray());
    }

    private int SlotOf(double value)
    {
        if (!double.IsFinite(value))
        {
            return Bins.Count + 3;
        }

        if (value < Bins.Minimum)
        {
            return Bins.Count;
        }

        return value > Bins.Maximum ? Bins.Count + 1 : Bins.IndexOf(value);
    }

    private static void Check(NumericBins bins, ReadOnlySpan<long> counts)
    {
        if (counts.Length != bins.Count + Apart)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{bins.Count} bins have {bins.Count + Apart} counts; came {counts.Length}."),
                nameof(counts));
        }

        foreach (var count in counts)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
        }
    }
}
