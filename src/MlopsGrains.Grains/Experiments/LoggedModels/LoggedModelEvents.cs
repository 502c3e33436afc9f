using System.Text.Json.Serialization;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>What can happen to a logged model. Times are Unix milliseconds.</summary>
[JsonDerivedType(typeof(LoggedModelCreated), "created")]
[JsonDerivedType(typeof(LoggedModelStatusSet), "status")]
[JsonDerivedType(typeof(LoggedModelTagsSet), "tags")]
[JsonDerivedType(typeof(LoggedModelTagDeleted), "tag-deleted")]
[JsonDerivedType(typeof(LoggedModelParamsLogged), "params")]
[JsonDerivedType(typeof(LoggedModelMetricsLogged), "metrics")]
[JsonDerivedType(typeof(LoggedModelRegistered), "registered")]
[JsonDerivedType(typeof(LoggedModelDeleted), "deleted")]
internal abstract record LoggedModelEvent(long Time);

internal sealed record LoggedModelCreated(
    string ExperimentId, string Name, string? ModelType, string? SourceRunId, string ArtifactUri, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelStatusSet(LoggedModelStatus Status, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelTagsSet(IReadOnlyList<Tag> Tags, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelTagDeleted(string Key, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelParamsLogged(IReadOnlyList<Tag> Params, long Time) : LoggedModelEvent(Time);

/// <summary>Points that are the latest of their key, run and dataset.</summary>
internal sealed record LoggedModelMetricsLogged(IReadOnlyList<LoggedModelMetric> Metrics, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelRegistered(ModelRegistration Registration, long Time) : LoggedModelEvent(Time);

internal sealed record LoggedModelDeleted(long Time) : LoggedModelEvent(Time);
