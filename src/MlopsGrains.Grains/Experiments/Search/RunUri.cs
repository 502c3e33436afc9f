namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>An artifact location with its run's id taken out, so that all runs of an experiment share one text.</summary>
internal static class RunUri
{
    private const string Id = "\0";
    private const string AsItIs = "\0\0";

    public static string Write(string uri, string runId)
    {
        if (uri.Contains(Id, StringComparison.Ordinal))
        {
            return AsItIs + uri;
        }

        var at = uri.IndexOf(runId, StringComparison.Ordinal);
        return at < 0 ? uri : string.Concat(uri.AsSpan(0, at), Id, uri.AsSpan(at + runId.Length));
    }

    public static string Read(string stored, string runId)
    {
        if (stored.StartsWith(AsItIs, StringComparison.Ordinal))
        {
            return stored[AsItIs.Length..];
        }

        var at = stored.IndexOf(Id, StringComparison.Ordinal);
        return at < 0 ? stored : string.Concat(stored.AsSpan(0, at), runId, stored.AsSpan(at + 1));
    }
}
