using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>What searches can compare and order by.</summary>
internal static class LoggedModelFields
{
    private const string StatusPrefix = "LOGGED_MODEL_";

    public static Func<LoggedModel, string?>? Text(string name) => name switch
    {
        "name" => m => m.Name,
        "model_id" => m => m.ModelId,
        "model_type" => m => m.ModelType,
        "status" => m => NameOf(m.Status),
        "source_run_id" => m => m.SourceRunId,
        _ => null,
    };

    public static Func<LoggedModel, long>? Number(string name) => name switch
    {
        "creation_timestamp" or "creation_timestamp_ms" or "creation_time" => m => m.CreationTime,
        "last_updated_timestamp" or "last_updated_timestamp_ms" => m => m.LastUpdateTime,
        _ => null,
    };

    /// <summary>The name under which a status is compared, whichever of the clients' names for it was written.</summary>
    public static string StatusName(string name)
    {
        var bare = name.StartsWith(StatusPrefix, StringComparison.Ordinal) ? name[StatusPrefix.Length..] : name;
        return bare == "FAILED" ? NameOf(LoggedModelStatus.UploadFailed) : bare;
    }

    public static bool IsOn(LoggedModelMetric metric, IReadOnlyList<MetricDataset> datasets) => datasets.Count == 0 || datasets.Any(d => IsOn(metric, d));

    public static bool IsOn(LoggedModelMetric metric, MetricDataset dataset) =>
        (dataset.Name is null || metric.DatasetName == dataset.Name) && (dataset.Digest is null || metric.DatasetDigest == dataset.Digest);

    private static string NameOf(LoggedModelStatus status) => status switch
    {
        LoggedModelStatus.Ready => "READY",
        LoggedModelStatus.UploadFailed => "UPLOAD_FAILED",
        _ => "PENDING",
    };
}
