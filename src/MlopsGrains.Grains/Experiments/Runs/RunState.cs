using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>A run as the fold of its events. Pure: what is allowed is decided in <see cref="RunRules"/>.</summary>
[Immutable]
internal sealed class RunState
{
    public const string RunNameTag = "mlflow.runName";

    /// <summary>Producers whose batches a run remembers. The one that has been silent longest is forgotten; its metric points still are not stored twice.</summary>
    public const int ProducersMax = 256;

    public bool Exists { get; set; }

    public string ExperimentId { get; set; } = "";

    public string RunName { get; set; } = "";

    public string UserId { get; set; } = "";

    public RunStatus Status { get; set; } = RunStatus.Running;

    public long StartTime { get; set; }

    public long? EndTime { get; set; }

    public string ArtifactUri { get; set; } = "";

    public LifecycleStage Stage { get; set; }

    /// <summary>Unix milliseconds; 0 when the run is not deleted, or was before this was written down.</summary>
    public long DeletedTime { get; set; }

    public long Points { get; set; }

    public long InputCharacters { get; set; }

    /// <summary>Of params, tags and dataset texts, together.</summary>
    public long Characters => InputCharacters + Params.Concat(Tags).Sum(p => (long)p.Key.Length + p.Value.Length);

    /// <summary>Counts batches with a producer; the clock by which producers are forgotten.</summary>
    public long ProducerClock { get; set; }

    public Dictionary<string, MetricSeries> Metrics { get; private set; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Params { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    public List<DatasetInput> Inputs { get; } = [];

    public List<string> ModelInputs { get; } = [];

    public List<ModelOutput> ModelOutputs { get; } = [];

    public Dictionary<string, Producer> Producers { get; } = new(StringComparer.Ordinal);

    /// <summary>The same run with some series replaced. Everything else is shared: for writing down, not for applying events.</summary>
    public RunState With(IReadOnlyDictionary<string, MetricSeries> series)
    {
        var copy = (RunState)MemberwiseClone();
        copy.Metrics = new Dictionary<string, MetricSeries>(Metrics, StringComparer.Ordinal);
        copy.Replace(series);
        return copy;
    }

    public void Replace(IReadOnlyDictionary<string, MetricSeries> series)
    {
        foreach (var (key, replacement) in series)
        {
            Metrics[key] = replacement;
        }
    }

    public void Apply(RunEvent e)
    {
        switch (e)
        {
            case BatchLogged batch:
                Apply(batch);
                break;
            case RunCreated created:
                (Exists, ExperimentId, RunName, UserId) = (true, created.ExperimentId, created.RunName, created.UserId);
                (StartTime, ArtifactUri) = (created.StartTime, created.ArtifactUri);
                SetTags(created.Tags);
                break;
            case RunUpdated updated:
                Status = updated.Status ?? Status;
                EndTime = updated.EndTime ?? EndTime;
                if (updated.RunName is { } name)
                {
                    Tags[RunNameTag] = RunName = name;
                }

                break;
            case TagDeleted deleted:
                Tags.Remove(deleted.Key);
                break;
            case InputsLogged inputs:
                AddInputs(inputs.Datasets);
                break;
            case ModelsLogged models:
                AddModels(models.Inputs, models.Outputs);
                break;
            case LifecycleChanged changed:
                (Stage, DeletedTime) = (changed.Stage, changed.Stage == LifecycleStage.Deleted ? changed.Time : 0);
                break;
            default:
                break;
        }
    }

    public void AddInputs(IReadOnlyList<DatasetInput> datasets)
    {
        foreach (var dataset in datasets)
        {
            Inputs.Add(dataset);
            InputCharacters += dataset.Source.Length + (dataset.Schema?.Length ?? 0) + (dataset.Profile?.Length ?? 0);
        }
    }

    public void AddModels(IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs)
    {
        ModelInputs.AddRange(inputs);
        foreach (var output in outputs)
        {
            ModelOutputs.RemoveAll(o => o.ModelId == output.ModelId);
            ModelOutputs.Add(output);
        }
    }

    public RunInfo Info(string id) => new(id, ExperimentId, RunName, UserId, Status, StartTime, EndTime, ArtifactUri, Stage);

    public Run View(string id)
    {
        var metrics = new Metric[Metrics.Count];
        var at = 0;
        foreach (var (key, series) in Metrics)
        {
            metrics[at++] = series.Latest(key);
        }

        Array.Sort(metrics, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return new Run(Info(id), metrics, Pairs(Params), Pairs(Tags), [.. Inputs], [.. ModelInputs], [.. ModelOutputs]);
    }

    private static Tag[] Pairs(SortedDictionary<string, string> texts)
    {
        var pairs = new Tag[texts.Count];
        var at = 0;
        foreach (var (key, value) in texts)
        {
            pairs[at++] = new Tag(key, value);
        }

        return pairs;
    }

    private void Apply(BatchLogged batch)
    {
        foreach (var param in batch.Params)
        {
            Params[param.Key] = param.Value;
        }

        AddPoints(batch.Metrics);
        SetTags(batch.Tags);
        if (batch.Producer is { } producer)
        {
            Remember(producer);
        }
    }

    private void AddPoints(MetricColumns columns)
    {
        var series = new MetricSeries?[columns.Keys.Length];
        for (var i = 0; i < columns.Values.Length; i++)
        {
            var key = columns.KeyIndexes[i];
            var target = series[key] ??= SeriesOf(columns.Keys[key]);
            Points += target.Add(columns.Values[i], columns.Timestamps[i], columns.Steps[i]) ? 1 : 0;
        }
    }

    private MetricSeries SeriesOf(string key)
    {
        if (!Metrics.TryGetValue(key, out var series))
        {
            Metrics.Add(key, series = new MetricSeries());
        }

        return series;
    }

    private void SetTags(IReadOnlyList<Tag> tags)
    {
        foreach (var tag in tags)
        {
            Tags[tag.Key] = tag.Value;
            if (tag.Key == RunNameTag)
            {
                RunName = tag.Value;
            }
        }
    }

    private void Remember(ProducerPosition position)
    {
        var applied = Producers.TryGetValue(position.ProducerId, out var known) ? known.Applied : new AppliedSequences();
        applied.Add(position.Sequence);
        Producers[position.ProducerId] = new Producer(applied, ++ProducerClock);
        if (Producers.Count > ProducersMax)
        {
            Producers.Remove(Producers.MinBy(p => p.Value.LastSeen).Key);
        }
    }

    public readonly record struct Producer(AppliedSequences Applied, long LastSeen);
}
