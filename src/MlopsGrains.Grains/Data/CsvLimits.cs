namespace MlopsGrains.Grains.Data;

/// <summary>How large a CSV's parts may be. Rows have no limit of their own: the upload's byte limit bounds them.</summary>
public sealed record CsvLimits(int ColumnsMax = 10_000, int CellCharactersMax = 1 << 20, int RowCharactersMax = 64 << 20)
{
    public static CsvLimits Standard { get; } = new();
}
