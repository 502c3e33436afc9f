using System.Globalization;

namespace MlopsGrains.Pipelines;

/// <summary>Entries of the catalog <see cref="Catalogs.CatalogKinds.RunsOf"/>: made so that the catalog's ordinal order is newest first.</summary>
public static class PipelineRunIndex
{
    private const int TimeDigits = 16;

    /// <summary>The entry of a run.</summary>
    public static string Entry(DateTimeOffset startedAt, string pipelineRunId) =>
        (long.MaxValue - startedAt.ToUnixTimeMilliseconds()).ToString("x16", CultureInfo.InvariantCulture) + "-" + pipelineRunId;

    /// <summary>The run id in an entry.</summary>
    public static string RunId(string entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry[(TimeDigits + 1)..];
    }
}
