namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>The limits that a drift verdict uses.</summary>
public sealed record DriftRule
{
    /// <summary>The defaults.</summary>
    public static DriftRule Default { get; } = new();

    /// <summary>False discovery rate over the features of one window, in (0, 1). Default 0.01.</summary>
    public double Alpha { get; init; } = 0.01;

    /// <summary>Least Jensen-Shannon distance (natural logarithm) that is worth an alert, 0..0.8326. Default 0.1, about a PSI of 0.08.</summary>
    public double LeastDistance { get; init; } = 0.1;

    /// <summary>Least rows of the smaller side per bin, 1 or more; bins are joined until it holds. Default 25.</summary>
    public int RowsPerBin { get; init; } = 25;

    /// <summary>
    /// Least expected rows in any single bin, 1 or more. Default 10: <see cref="RowsPerBin"/> is an average, and one nearly empty bin
    /// would spoil the chi-square approximation.
    /// </summary>
    public int LeastExpected { get; init; } = 10;

    /// <summary>Share of a window outside the reference's range that is drift, 0..1. Default 0.01.</summary>
    public double OutOfRangeShare { get; init; } = 0.01;

    /// <summary>Share of a window in new categories that is drift, 0..1. Default 0.01.</summary>
    public double NewCategoryShare { get; init; } = 0.01;

    /// <summary>Rise of the missing rate that is drift, 0..1, when it is also above <see cref="MissingDeviations"/>. Default 0.01.</summary>
    public double MissingRise { get; init; } = 0.01;

    /// <summary>Standard errors that the missing rate must rise by. Default 3.</summary>
    public double MissingDeviations { get; init; } = 3;

    /// <summary>Refuses a limit outside its range, naming it.</summary>
    public void Validate()
    {
        Check(Alpha is > 0 and < 1, nameof(Alpha), Alpha, "in (0, 1)");
        Check(LeastDistance is >= 0 and <= 0.8326, nameof(LeastDistance), LeastDistance, "in 0..0.8326");
        Check(RowsPerBin >= 1, nameof(RowsPerBin), RowsPerBin, "1 or more");
        Check(LeastExpected >= 1, nameof(LeastExpected), LeastExpected, "1 or more");
        Check(OutOfRangeShare is >= 0 and <= 1, nameof(OutOfRangeShare), OutOfRangeShare, "in 0..1");
        Check(NewCategoryShare is >= 0 and <= 1, nameof(NewCategoryShare), NewCategoryShare, "in 0..1");
        Check(MissingRise is >= 0 and <= 1, nameof(MissingRise), MissingRise, "in 0..1");
        Check(MissingDeviations is >= 0 and <= 100, nameof(MissingDeviations), MissingDeviations, "in 0..100");
    }

    private static void Check(bool holds, string name, double value, string range)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}.");
        }
    }
}
