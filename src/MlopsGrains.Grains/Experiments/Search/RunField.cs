using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

internal enum RunFieldKind
{
    Metric,
    Param,
    Tag,
    RunId,
    RunName,
    UserId,
    Status,
    ArtifactUri,
    StartTime,
    EndTime,
    DatasetName,
    DatasetDigest,
    DatasetContext,
}

/// <summary>Something of a run that filters and orders can name.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its full name, the same for every way of writing it.</param>
/// <param name="Key">The key of a metric, param or tag.</param>
internal sealed record RunField(RunFieldKind Kind, string Name, string Key = "")
{
    private const string Attributes = "run_id, run_name, user_id, status, artifact_uri, start_time, end_time, created";

    private static readonly string[] StatusNames = ["UNKNOWN", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

    public bool IsNumber => Kind is RunFieldKind.Metric or RunFieldKind.StartTime or RunFieldKind.EndTime;

    public bool Sortable => Kind < RunFieldKind.DatasetName;

    public static string NameOf(RunStatus status) => StatusNames[(int)status];

    /// <exception cref="MlopsException">Unknown entity or attribute; the message lists the valid ones.</exception>
    public static RunField Find(string field, string? entity, string name) => entity switch
    {
        "metrics" or "metric" => new(RunFieldKind.Metric, "metrics." + name, name),
        "params" or "param" or "parameters" or "parameter" => new(RunFieldKind.Param, "params." + name, name),
        "tags" or "tag" => new(RunFieldKind.Tag, "tags." + name, name),
        "datasets" or "dataset" => Dataset(field, name),
        "attributes" or "attribute" or "attr" or "run" or null => Attribute(field, name),
        _ => throw FilterWords.UnknownEntity(field, entity, "metrics, params, tags, attributes, datasets"),
    };

    private static RunField Attribute(string field, string name) => name switch
    {
        "run_id" => new(RunFieldKind.RunId, name),
        "run_name" or "run name" or "Run name" or "Run Name" => new(RunFieldKind.RunName, "run_name"),
        "user_id" => new(RunFieldKind.UserId, name),
        "status" => new(RunFieldKind.Status, name),
        "artifact_uri" => new(RunFieldKind.ArtifactUri, name),
        "start_time" or "created" or "Created" => new(RunFieldKind.StartTime, "start_time"),
        "end_time" => new(RunFieldKind.EndTime, name),
        _ => throw FilterWords.UnknownAttribute(field, name, Attributes),
    };

    private static RunField Dataset(string field, string name) => name switch
    {
        "name" => new(RunFieldKind.DatasetName, "datasets.name"),
        "digest" => new(RunFieldKind.DatasetDigest, "datasets.digest"),
        "context" => new(RunFieldKind.DatasetContext, "datasets.context"),
        _ => throw FilterWords.UnknownDatasetKey(field, name, "name, digest, context"),
    };
}
