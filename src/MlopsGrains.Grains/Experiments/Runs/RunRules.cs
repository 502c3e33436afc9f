using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Limits;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Decides what a command does to a run: an event, nothing, or a refusal. Pure; everything is checked before anything is written.</summary>
internal static class RunRules
{
    public static RunCreated Create(string id, NewRun run, Experiment experiment, DateTimeOffset now)
    {
        TrackingIds.CheckRun("runId", id);
        Limit.Length("userId", run.UserId, TrackingLimits.UserIdLengthMax);
        List<Tag> tags = [.. CutTags(WithHeartbeat(run)).Where(t => t.Key != RunState.RunNameTag || !string.IsNullOrEmpty(t.Value))];
        CheckTags(tags);
        CheckCount("tags", tags.Count, TrackingLimits.KeysPerRunMax, " over the whole run");
        CheckTexts("tags", 0, [], tags);
        var tagged = tags.LastOrDefault(t => t.Key == RunState.RunNameTag)?.Value;
        if (!string.IsNullOrEmpty(run.RunName) && tagged is not null && tagged != run.RunName)
        {
            throw MlopsException.Invalid(
                "runName",
                $"Both 'run_name' argument and '{RunState.RunNameTag}' tag are specified, but with different values (run_name='{run.RunName}', {RunState.RunNameTag}='{tagged}').");
        }

        var name = CheckRunName("runName", string.IsNullOrEmpty(run.RunName) ? tagged ?? RunNames.Of(id) : run.RunName);
        return new RunCreated(
            experiment.ExperimentId,
            name,
            run.UserId ?? "",
            run.StartTime ?? now.ToUnixTimeMilliseconds(),
            ExperimentRules.Below(experiment.ArtifactLocation, $"{id}/artifacts"),
            [.. tags.Where(t => t.Key != RunState.RunNameTag), new Tag(RunState.RunNameTag, name)]);
    }

    private static IReadOnlyList<Tag> WithHeartbeat(NewRun run)
    {
        if (run.HeartbeatTimeoutSeconds is not { } seconds)
        {
            return run.Tags ?? [];
        }

        var tag = new Tag(Heartbeat.TimeoutTag, seconds.ToString(CultureInfo.InvariantCulture));
        Heartbeat.Check("heartbeatTimeoutSeconds", tag);
        return [.. (run.Tags ?? []).Where(t => t.Key != Heartbeat.TimeoutTag), tag];
    }

    public static void Beat(RunState state, string id) => RequireActive(state, id);

    /// <returns><see langword="null"/> when there is nothing to write: an empty batch, or one that its producer sent before.</returns>
    public static BatchLogged? LogBatch(RunState state, string id, RunBatch batch)
    {
        if (batch.Producer is { } producer && IsRepeated(state, producer))
        {
            return null;
        }

        RequireActive(state, id);
        CheckSizes(batch);
        CheckParams(state, id, batch.Params);
        CheckMetrics(state, batch.Metrics);
        var tags = CutTags(batch.Tags);
        CheckTags(tags);
        CheckKeyCount("tags", state.Tags, tags);
        CheckTexts(batch.Params.Count > 0 ? "params" : "tags", state, batch.Params, tags);
        if (batch.Metrics.Count == 0 && batch.Params.Count == 0 && tags.Count == 0 && batch.Producer is null)
        {
            return null;
        }

        return new BatchLogged(batch.Metrics, CutParams(batch.Params), tags, batch.Producer);
    }

    public static RunUpdated? Update(RunState state, string id, RunUpdate update)
    {
        RequireActive(state, id);
        if (update.Status is { } status && !Enum.IsDefined(status))
        {
            throw MlopsException.InvalidValue("status", (int)status, $"expected one of {string.Join(", ", Enum.GetNames<RunStatus>())}.");
        }

        if (update.EndTime == RunBlock.NoTime)
        {
            throw MlopsException.InvalidValue("endTime", update.EndTime, $"it must be above {RunBlock.NoTime}.");
        }

        var name = string.IsNullOrEmpty(update.RunName) ? null : CheckRunName("runName", update.RunName);
        return update.Status is null && update.EndTime is null && name is null ? null : new RunUpdated(update.Status, update.EndTime, name);
    }

    /// <summary>What the audit chain hears when status and name change: of one that ends, with what it ends.</summary>
    public static IEnumerable<AuditEntry> Told(RunState state, string id, IReadOnlyList<RunEvent> events)
    {
        var updated = events.OfType<RunUpdated>().Single();
        if (updated.Status is { } status && status != state.Status)
        {
            var detail = new Dictionary<string, string> { ["status"] = status.ToString(), ["before"] = state.Status.ToString() };
            if (status.HasEnded())
            {
                var more = events.OfType<BatchLogged>().SelectMany(logged => logged.Tags).Count(tag => !state.Tags.ContainsKey(tag.Key));
                detail["metricKeys"] = Number(state.Metrics.Count);
                detail["metricPoints"] = Number(state.Points);
                detail["params"] = Number(state.Params.Count);
                detail["tags"] = Number(state.Tags.Count + more);
                detail["inputs"] = Number(state.Inputs.Count);
            }

            yield return new(status.HasEnded() ? "run.ended" : "run.status-changed", $"run/{id}", detail);
        }

        if (updated.RunName is { } name && name != state.RunName)
        {
            yield return new("run.renamed", $"run/{id}", new Dictionary<string, string> { ["name"] = name, ["before"] = state.RunName });
        }

        static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
    }

    public static TagDeleted DeleteTag(RunState state, string id, string key)
    {
        RequireActive(state, id);
        if (key == RunState.RunNameTag)
        {
            throw MlopsException.Invalid("key", $"The tag {RunState.RunNameTag} is the run's name and cannot be removed; set it instead.");
        }

        return state.Tags.ContainsKey(key) ? new TagDeleted(key) : throw TrackingErrors.NoRunTag(key, id);
    }

    public static InputsLogged? LogInputs(RunState state, string id, IReadOnlyList<DatasetInput> datasets)
    {
        RequireActive(state, id);
        CheckCount("datasets", datasets.Count, TrackingLimits.DatasetsPerRequestMax);
        var known = state.Inputs.Select(d => (d.Name, d.Digest)).ToHashSet();
        var added = new List<DatasetInput>();
        for (var i = 0; i < datasets.Count; i++)
        {
            var dataset = Complete(datasets[i]);
            CheckInput($"datasets[{i}]", dataset);
            if (known.Add((dataset.Name, dataset.Digest)))
            {
                added.Add(dataset);
            }
        }

        CheckCount("datasets", state.Inputs.Count + added.Count, TrackingLimits.InputsPerRunMax, " over the whole run");
        var characters = state.InputCharacters + added.Sum(d => (long)d.Source.Length + (d.Schema?.Length ?? 0) + (d.Profile?.Length ?? 0));
        if (characters > TrackingLimits.InputCharactersPerRunMax)
        {
            throw MlopsException.Invalid("datasets", $"The run's dataset sources, schemas and profiles would have {characters} characters; at most {TrackingLimits.InputCharactersPerRunMax}.");
        }

        return added.Count == 0 ? null : new InputsLogged(added);
    }

    public static ModelsLogged? LogModels(RunState state, string id, IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs)
    {
        RequireActive(state, id);
        CheckCount("models", inputs.Count + outputs.Count, TrackingLimits.ModelsPerRequestMax);
        var newInputs = inputs.Select((model, i) => CheckModelId(i, model)).Distinct(StringComparer.Ordinal).Except(state.ModelInputs, StringComparer.Ordinal).ToList();
        var newOutputs = outputs.Select((output, i) => output with { ModelId = CheckModelId(i, output.ModelId) })
            .GroupBy(o => o.ModelId, StringComparer.Ordinal).Select(same => same.Last()).Except(state.ModelOutputs).ToList();
        var models = state.ModelInputs.Count + newInputs.Count + state.ModelOutputs.Select(o => o.ModelId).Union(newOutputs.Select(o => o.ModelId), StringComparer.Ordinal).Count();
        CheckCount("models", models, TrackingLimits.InputsPerRunMax, " over the whole run");
        return newInputs.Count + newOutputs.Count == 0 ? null : new ModelsLogged(newInputs, newOutputs);
    }

    /// <summary>Repeating the newest entry changes nothing, which makes a client's retry harmless.</summary>
    public static BatchLogged? LogModelDescription(RunState state, string id, string modelJson)
    {
        RequireActive(state, id);
        var history = ModelHistory.Append(state.Tags.GetValueOrDefault(ModelHistory.Tag), modelJson);
        return history is null ? null : new BatchLogged(MetricColumns.Empty, [], [new Tag(ModelHistory.Tag, history)], null);
    }

    private static string CheckModelId(int index, string? model)
    {
        if (string.IsNullOrEmpty(model))
        {
            throw MlopsException.Missing($"models[{index}].model_id");
        }

        return TrackingIds.CheckRun($"models[{index}].model_id", model);
    }

    private static void CheckSizes(RunBatch batch)
    {
        BatchLimits.Check("metrics", batch.Metrics.Count, BatchLimits.MetricsMax);
        BatchLimits.Check("params", batch.Params.Count, BatchLimits.PairsMax);
        BatchLimits.Check("tags", batch.Tags.Count, BatchLimits.PairsMax);
        BatchLimits.CheckTotal(batch.Metrics.Count + batch.Params.Count + batch.Tags.Count);
    }

    private static void CheckParams(RunState state, string id, IReadOnlyList<Tag> parameters)
    {
        if (parameters.Count == 0)
        {
            return;
        }

        var first = new Dictionary<string, string>(parameters.Count, StringComparer.Ordinal);
        var added = 0;
        for (var i = 0; i < parameters.Count; i++)
        {
            var key = parameters[i].Key;
            TrackingLimits.CheckKey($"params[{i}].key", key);
            var value = (parameters[i].Value ?? "").CutTo(TrackingLimits.ParamValueLengthMax);
            var stored = state.Params.TryGetValue(key, out var old);
            if (!stored && first.TryGetValue(key, out var earlier) && earlier != value)
            {
                throw MlopsException.Invalid(
                    $"params[{i}].key", $"Duplicate parameter keys have been submitted: ['{key}']. Please ensure the request contains only one param value per param key.");
            }

            if (stored && old != value)
            {
                throw MlopsException.Invalid(
                    $"params[{i}].value",
                    $"Changing param values is not allowed. Param with key='{key}' was already logged with value='{Shown(old!)}' for run ID='{id}'. Attempted logging new value '{Shown(value)}'.");
            }

            added += !stored && first.TryAdd(key, value) ? 1 : 0;
        }

        CheckCount("params", state.Params.Count + added, TrackingLimits.KeysPerRunMax, " keys over the whole run");
    }

    private static void CheckMetrics(RunState state, MetricColumns metrics)
    {
        var count = metrics.Count;
        if (metrics.KeyIndexes.Length != count || metrics.Timestamps.Length != count || metrics.Steps.Length != count)
        {
            throw MlopsException.Invalid("metrics", "The metric columns have different lengths.");
        }

        var added = 0;
        for (var k = 0; k < metrics.Keys.Length; k++)
        {
            // A key that the run knows was checked when it came first.
            if (metrics.Keys[k] is { } key && state.Metrics.ContainsKey(key))
            {
                continue;
            }

            added++;
            var point = Array.IndexOf(metrics.KeyIndexes, k);
            TrackingLimits.CheckKey($"metrics[{Math.Max(0, point)}].key", metrics.Keys[k]);
        }

        for (var i = 0; i < count; i++)
        {
            if ((uint)metrics.KeyIndexes[i] >= (uint)metrics.Keys.Length)
            {
                throw MlopsException.Invalid($"metrics[{i}].key", $"metrics[{i}] names key {metrics.KeyIndexes[i]} of {metrics.Keys.Length}.");
            }

            if (metrics.Timestamps[i] < 0)
            {
                throw BatchLimits.BadTimestamp($"metrics[{i}].timestamp", metrics.Keys[metrics.KeyIndexes[i]], metrics.Timestamps[i]);
            }
        }

        CheckCount("metrics", state.Metrics.Count + added, TrackingLimits.KeysPerRunMax, " keys over the whole run");
        if (state.Points + count > TrackingLimits.PointsPerRunMax)
        {
            throw MlopsException.Invalid("metrics", $"The run has {state.Points} metric points; at most {TrackingLimits.PointsPerRunMax}.");
        }
    }

    private static void CheckTags(IReadOnlyList<Tag> tags)
    {
        for (var i = 0; i < tags.Count; i++)
        {
            TrackingLimits.CheckKey($"tags[{i}].key", tags[i].Key);
            Heartbeat.Check($"tags[{i}].value", tags[i]);
            if (tags[i].Key == RunState.RunNameTag)
            {
                CheckRunName($"tags[{i}].value", tags[i].Value);
            }
        }
    }

    private static void CheckKeyCount(string field, SortedDictionary<string, string> stored, IReadOnlyList<Tag> pairs)
    {
        if (stored.Count + pairs.Count > TrackingLimits.KeysPerRunMax)
        {
            var added = pairs.Select(p => p.Key).Distinct(StringComparer.Ordinal).Count(k => !stored.ContainsKey(k));
            CheckCount(field, stored.Count + added, TrackingLimits.KeysPerRunMax, " keys over the whole run");
        }
    }

    /// <summary>All keys and values of a run's params and tags together; what is there already is added up only where it could matter.</summary>
    private static void CheckTexts(string field, RunState state, IReadOnlyList<Tag> parameters, IReadOnlyList<Tag> tags)
    {
        const long PairMax = TrackingLimits.KeyLengthMax + TrackingLimits.RunTagValueLengthMax;
        var pairs = state.Params.Count + state.Tags.Count;
        if (parameters.Count + tags.Count > 0 && (pairs + parameters.Count + tags.Count) * PairMax > TrackingLimits.TextCharactersPerRunMax)
        {
            CheckTexts(field, state.Characters - state.InputCharacters, parameters, tags);
        }
    }

    private static void CheckTexts(string field, long characters, IReadOnlyList<Tag> parameters, IReadOnlyList<Tag> tags)
    {
        characters += parameters.Concat(tags).Sum(p => (long)p.Key.Length + (p.Value?.Length ?? 0));
        if (characters > TrackingLimits.TextCharactersPerRunMax)
        {
            throw MlopsException.Invalid(field, $"The run's params and tags would have {characters} characters; at most {TrackingLimits.TextCharactersPerRunMax}.");
        }
    }

    private static void CheckInput(string field, DatasetInput dataset)
    {
        if (string.IsNullOrEmpty(dataset.Name))
        {
            throw MlopsException.Missing($"{field}.dataset.name");
        }

        if (string.IsNullOrEmpty(dataset.Digest))
        {
            throw MlopsException.Missing($"{field}.dataset.digest");
        }

        Limit.Length($"{field}.dataset.name", dataset.Name, TrackingLimits.DatasetNameLengthMax);
        Limit.Length($"{field}.dataset.digest", dataset.Digest, TrackingLimits.DatasetDigestLengthMax);
        Limit.Length($"{field}.dataset.source", dataset.Source, TrackingLimits.DatasetSourceLengthMax);
        Limit.Length($"{field}.dataset.schema", dataset.Schema, TrackingLimits.DatasetSchemaLengthMax);
        Limit.Length($"{field}.dataset.profile", dataset.Profile, TrackingLimits.DatasetProfileLengthMax);
        CheckCount($"{field}.tags", dataset.Tags.Count, BatchLimits.PairsMax);
        for (var i = 0; i < dataset.Tags.Count; i++)
        {
            Limit.Length($"{field}.tags[{i}].key", dataset.Tags[i].Key, TrackingLimits.InputTagKeyLengthMax);
            Limit.Length($"{field}.tags[{i}].value", dataset.Tags[i].Value, TrackingLimits.InputTagValueLengthMax);
        }
    }

    private static DatasetInput Complete(DatasetInput dataset) => dataset with
    {
        SourceType = dataset.SourceType ?? "",
        Source = dataset.Source ?? "",
        Tags = [.. (dataset.Tags ?? []).Select(t => new Tag(t.Key ?? "", t.Value ?? ""))],
    };

    private static bool IsRepeated(RunState state, ProducerPosition producer)
    {
        Limit.Text("producer.producerId", producer.ProducerId, TrackingLimits.ProducerIdLengthMax);
        if (producer.Sequence < 1)
        {
            throw MlopsException.Invalid("producer.sequence", $"producer.sequence is {producer.Sequence}; expected 1 or more.");
        }

        if (!state.Producers.TryGetValue(producer.ProducerId, out var known))
        {
            return false;
        }

        return known.Applied.HasForgotten(producer.Sequence)
            ? throw MlopsException.Conflict(
                $"producer.sequence is {producer.Sequence}; the run has forgotten which batches of producer '{producer.ProducerId}' up to {known.Applied.Forgotten} are stored, "
                + $"since more than {AppliedSequences.RangesMax - 1} numbers before it were left out.")
            : known.Applied.Contains(producer.Sequence);
    }

    private static void RequireActive(RunState state, string id)
    {
        if (!state.Exists)
        {
            throw TrackingErrors.NoRun(id);
        }

        if (state.Stage != LifecycleStage.Active)
        {
            throw TrackingErrors.RunDeleted(id);
        }
    }

    private static string CheckRunName(string field, string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw MlopsException.Invalid(field, $"{field} is empty; a run's name has 1–{TrackingLimits.RunNameLengthMax} characters.");
        }

        Limit.Length(field, name, TrackingLimits.RunNameLengthMax);
        return name;
    }

    private static IReadOnlyList<Tag> CutParams(IReadOnlyList<Tag> parameters) => Cut(parameters, TrackingLimits.ParamValueLengthMax);

    private static IReadOnlyList<Tag> CutTags(IReadOnlyList<Tag> tags) => Cut(tags, TrackingLimits.RunTagValueLengthMax);

    private static IReadOnlyList<Tag> Cut(IReadOnlyList<Tag> pairs, int lengthMax) =>
        pairs.Count == 0 ? [] : [.. pairs.Select(p => p with { Value = (p.Value ?? "").CutTo(lengthMax) })];

    private static void CheckCount(string field, int count, int max, string what = "")
    {
        if (count > max)
        {
            throw MlopsException.Invalid(field, $"{field} has {count} entries{what}; at most {max}.");
        }
    }

    private static string Shown(string value) => value.Shorten(200);
}
