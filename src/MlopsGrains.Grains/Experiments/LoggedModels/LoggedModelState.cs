using System.Text.Json.Serialization;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>A logged model as the fold of its events. Pure: what is allowed is decided in <see cref="LoggedModelRules"/>.</summary>
[Immutable]
internal sealed class LoggedModelState
{
    public string ExperimentId { get; set; } = "";

    public string Name { get; set; } = "";

    public string? ModelType { get; set; }

    public string? SourceRunId { get; set; }

    public string ArtifactUri { get; set; } = "";

    public LoggedModelStatus Status { get; set; } = LoggedModelStatus.Pending;

    public LifecycleStage Stage { get; set; }

    public long CreationTime { get; set; }

    public long LastUpdateTime { get; set; }

    public SortedDictionary<string, string> Params { get; init; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The latest value of each key, run and dataset.</summary>
    public List<LoggedModelMetric> Metrics { get; init; } = [];

    public List<ModelRegistration> Registrations { get; init; } = [];

    [JsonIgnore]
    public bool Exists => ExperimentId.Length > 0;

    private Dictionary<MetricSource, int>? places;

    /// <summary>The stored latest value that a point would replace, or <see langword="null"/>.</summary>
    public LoggedModelMetric? LatestLike(LoggedModelMetric point) =>
        Places().TryGetValue(MetricSource.Of(point), out var at) ? Metrics[at] : null;

    public void Apply(LoggedModelEvent e)
    {
        LastUpdateTime = e is LoggedModelMetricsLogged ? LastUpdateTime : e.Time;
        switch (e)
        {
            case LoggedModelCreated created:
                (ExperimentId, Name, ModelType, SourceRunId, ArtifactUri) = (created.ExperimentId, created.Name, created.ModelType, created.SourceRunId, created.ArtifactUri);
                CreationTime = created.Time;
                Set(Params, created.Params);
                Set(Tags, created.Tags);
                break;
            case LoggedModelStatusSet set:
                Status = set.Status;
                break;
            case LoggedModelTagsSet set:
                Set(Tags, set.Tags);
                break;
            case LoggedModelTagDeleted deleted:
                Tags.Remove(deleted.Key);
                break;
            case LoggedModelParamsLogged logged:
                Set(Params, logged.Params);
                break;
            case LoggedModelMetricsLogged logged:
                foreach (var point in logged.Metrics)
                {
                    Keep(point);
                }

                break;
            case LoggedModelRegistered registered:
                Registrations.Add(registered.Registration);
                Tags[ModelVersionsTag.Key] = ModelVersionsTag.With(Tags.GetValueOrDefault(ModelVersionsTag.Key), registered.Registration);
                break;
            case LoggedModelDeleted:
                Stage = LifecycleStage.Deleted;
                break;
            default:
                break;
        }
    }

    public LoggedModel View(string id) => new(
        id, ExperimentId, Name, ModelType, SourceRunId, ArtifactUri, Status, Stage, CreationTime, LastUpdateTime,
        Pairs(Params), Pairs(Tags), [.. Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).ThenBy(m => m.Timestamp)], [.. Registrations]);

    private void Keep(LoggedModelMetric point)
    {
        var source = MetricSource.Of(point);
        if (Places().TryGetValue(source, out var at))
        {
            Metrics[at] = point;
        }
        else
        {
            Places().Add(source, Metrics.Count);
            Metrics.Add(point);
        }
    }

    private Dictionary<MetricSource, int> Places()
    {
        if (places is null)
        {
            places = [];
            for (var i = 0; i < Metrics.Count; i++)
            {
                places.Add(MetricSource.Of(Metrics[i]), i);
            }
        }

        return places;
    }

    private static void Set(SortedDictionary<string, string> texts, IReadOnlyList<Tag> pairs)
    {
        foreach (var pair in pairs)
        {
            texts[pair.Key] = pair.Value;
        }
    }

    private static Tag[] Pairs(SortedDictionary<string, string> texts) => [.. texts.Select(t => new Tag(t.Key, t.Value))];

    /// <summary>Whose latest value a point may be.</summary>
    public readonly record struct MetricSource(string Key, string? RunId, string? DatasetName, string? DatasetDigest)
    {
        public static MetricSource Of(LoggedModelMetric point) => new(point.Key, point.RunId, point.DatasetName, point.DatasetDigest);
    }
}
