namespace MlopsGrains.Data;

/// <summary>The limits of datasets. Lengths are in characters.</summary>
public static class DatasetLimits
{
    /// <summary>Longest text about where the bytes came from.</summary>
    public const int SourceLengthMax = 2_000;

    /// <summary>Longest description.</summary>
    public const int DescriptionLengthMax = 5_000;

    /// <summary>Most versions of a dataset.</summary>
    public const int VersionsMax = 10_000;

    /// <summary>Longest name of a column.</summary>
    public const int ColumnNameLengthMax = 250;

    /// <summary>As much of a version's digest as a run's input carries, which has room for 36 characters; the whole one stands in its source and in the tags.</summary>
    public const int InputDigestLength = 32;

    /// <summary>Most rows in one answer.</summary>
    public const int RowsPerPageMax = 1_000;

    /// <summary>Longest text that rows are looked for by.</summary>
    public const int RowTextLengthMax = 500;
}
