namespace MlopsGrains.Storage.Blobs;

/// <summary>Where blobs live.</summary>
public sealed class FolderBlobOptions
{
    /// <summary>The folder; created when missing. Required.</summary>
    public string Root { get; set; } = "";

    /// <summary>Half-written files and uploads in parts that nobody ended are removed when nothing was written to them for this long; at least 1 min.</summary>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromDays(1);

    internal IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Root))
        {
            yield return $"{nameof(Root)} must name a folder, was \"{Root}\"";
        }

        if (StaleAfter < TimeSpan.FromMinutes(1))
        {
            yield return $"{nameof(StaleAfter)} must be at least 1 min, was {StaleAfter}";
        }
    }
}
