namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Which rows go to the test side. Depends only on seed, share and row number (and label), so the same version split again gives the
/// same rows on every machine.
/// </summary>
public sealed record SplitPlan
{
    /// <summary>A plan.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="testShare">Share of test rows, in (0, 1).</param>
    public SplitPlan(ulong seed, double testShare)
    {
        if (testShare is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(testShare), testShare, "The test share must be in (0, 1).");
        }

        (Seed, TestShare) = (seed, testShare);
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>Share of test rows, in (0, 1).</summary>
    public double TestShare { get; }

    /// <summary>
    /// Decides one row of a stream on its own: by a hash of its number. The share is met on average (standard deviation
    /// √(s(1-s)/rows)), and appending rows never moves an earlier one.
    /// </summary>
    /// <param name="row">Row number, 0 or more.</param>
    public bool IsTest(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        return (Key(row) >> 11) * (1.0 / (1UL << 53)) < TestShare;
    }

    /// <summary>
    /// Decides all rows at once, so that the share is met exactly (rounded to whole rows, at least one row on each side from two rows on).
    /// Both sides are in rising order.
    /// </summary>
    public (int[] Train, int[] Test) Split(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        return Sides(rows, Pick([.. Enumerable.Range(0, rows)]));
    }

    /// <summary>As <see cref="Split"/>, with the share met within each label; a label with a single row goes to training.</summary>
    /// <param name="labels">The label of each row; null is a label of its own.</param>
    public (int[] Train, int[] Test) SplitStratified(IReadOnlyList<string?> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var strata = Enumerable.Range(0, labels.Count).GroupBy(row => (labels[row] is null, labels[row] ?? string.Empty));
        return Sides(labels.Count, strata.SelectMany(stratum => Pick([.. stratum])));
    }

    private ulong Key(long row) => StableHash.Mix(StableHash.Mix((ulong)row + 0x9E3779B97F4A7C15UL) ^ StableHash.Mix(Seed));

    private IEnumerable<int> Pick(int[] rows)
    {
        var wanted = (int)Math.Round(rows.Length * TestShare, MidpointRounding.AwayFromZero);
        var test = rows.Length < 2 ? 0 : Math.Clamp(wanted, 1, rows.Length - 1);
        return rows.OrderBy(row => Key(row)).ThenBy(row => row).Take(test);
    }

    private static (int[] Train, int[] Test) Sides(int rows, IEnumerable<int> test)
    {
        var isTest = new bool[rows];
        foreach (var row in test)
        {
            isTest[row] = true;
        }

        return ([.. Enumerable.Range(0, rows).Where(row => !isTest[row])], [.. Enumerable.Range(0, rows).Where(row => isTest[row])]);
    }
}
