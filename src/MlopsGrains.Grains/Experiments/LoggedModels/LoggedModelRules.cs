using System.Buffers;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Limits;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>Decides what a command does to a logged model: an event, nothing, or a refusal. Pure; everything is checked before anything is written.</summary>
internal static class LoggedModelRules
{
    private static readonly SearchValues<char> NotInNames = SearchValues.Create("/:.%\"'");

    public static LoggedModelCreated Create(string id, NewLoggedModel model, Experiment experiment, DateTimeOffset now)
    {
        if (!TrackingIds.IsLoggedModel(id))
        {
            throw MlopsException.Invalid("model_id", $"model_id '{Short(id)}' must be 'm-' and 32 lower-case hexadecimal digits.");
        }

        var name = string.IsNullOrEmpty(model.Name) ? RunNames.Of(id) : model.Name;
        Limit.Length("name", name, LoggedModelLimits.NameLengthMax);
        if (string.IsNullOrWhiteSpace(name) || name.AsSpan().ContainsAny(NotInNames) || name.Any(char.IsControl))
        {
            throw MlopsException.Invalid("name", $"Invalid model name ('{Short(name)}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")");
        }

        Limit.Length("model_type", model.ModelType, LoggedModelLimits.TypeLengthMax);
        if (!string.IsNullOrEmpty(model.SourceRunId))
        {
            TrackingIds.CheckRun("source_run_id", model.SourceRunId);
        }

        var empty = new LoggedModelState();
        return new LoggedModelCreated(
            experiment.ExperimentId,
            name,
            model.ModelType,
            model.SourceRunId,
            ExperimentRules.Below(experiment.ArtifactLocation, $"models/{id}/artifacts"),
            NewParams(empty, id, model.Params ?? []),
            CheckTags(empty, model.Tags ?? []),
            Milliseconds(now));
    }

    public static LoggedModelStatusSet? SetStatus(LoggedModelState state, string id, LoggedModelStatus status, DateTimeOffset now)
    {
        RequireActive(state, id);
        if (!Enum.IsDefined(status))
        {
            throw MlopsException.Invalid("status", $"Invalid value {(int)status} for parameter 'status' supplied: expected one of {string.Join(", ", Enum.GetNames<LoggedModelStatus>())}.");
        }

        if (status == state.Status)
        {
            return null;
        }

        return status != LoggedModelStatus.Pending
            ? new LoggedModelStatusSet(status, Milliseconds(now))
            : throw MlopsException.Invalid("status", $"status of model '{id}' is {state.Status}; a finished model cannot become pending again.");
    }

    public static LoggedModelTagsSet? SetTags(LoggedModelState state, string id, IReadOnlyList<Tag> tags, DateTimeOffset now)
    {
        RequireActive(state, id);
        var set = CheckTags(state, tags);
        return set.Count == 0 ? null : new LoggedModelTagsSet(set, Milliseconds(now));
    }

    public static LoggedModelTagDeleted DeleteTag(LoggedModelState state, string id, string key, DateTimeOffset now)
    {
        RequireActive(state, id);
        return state.Tags.ContainsKey(key) ? new LoggedModelTagDeleted(key, Milliseconds(now)) : throw TrackingErrors.NoLoggedModelTag(key, id);
    }

    public static LoggedModelParamsLogged? LogParams(LoggedModelState state, string id, IReadOnlyList<Tag> parameters, DateTimeOffset now)
    {
        RequireActive(state, id);
        var added = NewParams(state, id, parameters);
        return added.Count == 0 ? null : new LoggedModelParamsLogged(added, Milliseconds(now));
    }

    /// <returns>The points that become the latest of their source, or <see langword="null"/> when none does.</returns>
    public static LoggedModelMetricsLogged? LogMetrics(LoggedModelState state, string id, IReadOnlyList<LoggedModelMetric> metrics, DateTimeOffset now)
    {
        RequireActive(state, id);
        CheckCount("metrics", metrics.Count, LoggedModelLimits.MetricsPerCallMax);
        var latest = new Dictionary<LoggedModelState.MetricSource, LoggedModelMetric>();
        var added = 0;
        for (var i = 0; i < metrics.Count; i++)
        {
            var point = Complete(metrics[i]);
            CheckMetric($"metrics[{i}]", point);
            var source = LoggedModelState.MetricSource.Of(point);
            var stored = state.LatestLike(point);
            if (!latest.TryGetValue(source, out var before) && stored is null)
            {
                added++;
            }

            if (IsLater(point, before ?? stored))
            {
                latest[source] = point;
            }
        }

        CheckCount("metrics", state.Metrics.Count + added, LoggedModelLimits.MetricsMax, " different keys, runs and datasets over the whole model");
        return latest.Count == 0 ? null : new LoggedModelMetricsLogged([.. latest.Values], Milliseconds(now));
    }

    public static LoggedModelRegistered? AddRegistration(LoggedModelState state, string id, ModelRegistration registration, DateTimeOffset now)
    {
        RequireActive(state, id);
        if (state.Registrations.Contains(registration))
        {
            return null;
        }

        return state.Registrations.Count < LoggedModelLimits.RegistrationsMax
            ? new LoggedModelRegistered(registration, Milliseconds(now))
            : throw MlopsException.Conflict($"Model '{id}' is registered as {LoggedModelLimits.RegistrationsMax} versions, the most it can be.");
    }

    public static LoggedModelDeleted Delete(LoggedModelState state, string id, DateTimeOffset now)
    {
        RequireActive(state, id);
        return new LoggedModelDeleted(Milliseconds(now));
    }

    /// <summary>Whether it may be removed for good. A registered one stays, since versions name its files.</summary>
    /// <param name="state">Of a model that exists.</param>
    /// <param name="deletedBefore">Unix milliseconds. A deleted model takes no other change, so its last one was that.</param>
    /// <param name="goes">Whether its run or its experiment takes it along.</param>
    public static bool IsDue(LoggedModelState state, long deletedBefore, bool goes) =>
        state.Registrations.Count == 0 && (goes || (state.Stage == LifecycleStage.Deleted && state.LastUpdateTime <= deletedBefore));

    /// <summary>The greater of (step, timestamp, value), as a run's latest; NaN is the smallest value.</summary>
    public static bool IsLater(LoggedModelMetric point, LoggedModelMetric? than) =>
        than is null || (point.Step, point.Timestamp, point.Value).CompareTo((than.Step, than.Timestamp, than.Value)) > 0;

    private static void RequireActive(LoggedModelState state, string id)
    {
        if (!state.Exists || state.Stage == LifecycleStage.Deleted)
        {
            throw TrackingErrors.NoLoggedModel(id);
        }
    }

    private static List<Tag> NewParams(LoggedModelState state, string id, IReadOnlyList<Tag> parameters)
    {
        CheckCount("params", parameters.Count, LoggedModelLimits.ParamsPerCallMax);
        var added = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < parameters.Count; i++)
        {
            var key = parameters[i].Key;
            if (string.IsNullOrEmpty(key))
            {
                throw MlopsException.Missing($"params[{i}].key");
            }

            Limit.Length($"params[{i}].key", key, LoggedModelLimits.ParamKeyLengthMax);
            var value = (parameters[i].Value ?? "").CutTo(TrackingLimits.ParamValueLengthMax);
            var isStored = state.Params.TryGetValue(key, out var old);
            if ((isStored || added.TryGetValue(key, out old)) && old != value)
            {
                throw MlopsException.Invalid(
                    $"params[{i}].value",
                    $"Changing param values is not allowed. Param with key='{Short(key)}' was already logged with value='{Short(old!)}' for model ID='{id}'. Attempted logging new value '{Short(value)}'.");
            }

            if (!isStored)
            {
                added.TryAdd(key, value);
            }
        }

        CheckCount("params", state.Params.Count + added.Count, LoggedModelLimits.ParamsMax, " over the whole model");
        return [.. added.Select(p => new Tag(p.Key, p.Value))];
    }

    private static List<Tag> CheckTags(LoggedModelState state, IReadOnlyList<Tag> tags)
    {
        CheckCount("tags", tags.Count, LoggedModelLimits.TagsMax);
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < tags.Count; i++)
        {
            var (key, value) = (tags[i].Key, tags[i].Value ?? "");
            TrackingLimits.CheckKey($"tags[{i}].key", key);
            Limit.Length($"tags[{i}].value", value, LoggedModelLimits.TagValueLengthMax);
            set[key] = key == ModelVersionsTag.Key ? ModelVersionsTag.Tidy(value) : value;
        }

        CheckCount("tags", state.Tags.Keys.Union(set.Keys, StringComparer.Ordinal).Count(), LoggedModelLimits.TagsMax, " over the whole model");
        var characters = set.Values.Sum(v => v.Length) + state.Tags.Where(t => !set.ContainsKey(t.Key)).Sum(t => t.Value.Length);
        if (characters > LoggedModelLimits.TagCharactersMax)
        {
            throw MlopsException.Invalid("tags", $"The model's tag values would have {characters} characters together; at most {LoggedModelLimits.TagCharactersMax}.");
        }

        return [.. set.Select(t => new Tag(t.Key, t.Value))];
    }

    private static void CheckMetric(string field, LoggedModelMetric point)
    {
        TrackingLimits.CheckKey($"{field}.key", point.Key);
        if (point.Timestamp < 0)
        {
            throw BatchLimits.BadTimestamp($"{field}.timestamp", point.Key, point.Timestamp);
        }

        Limit.Length($"{field}.dataset_name", point.DatasetName, TrackingLimits.DatasetNameLengthMax);
        Limit.Length($"{field}.dataset_digest", point.DatasetDigest, TrackingLimits.DatasetDigestLengthMax);
    }

    private static LoggedModelMetric Complete(LoggedModelMetric point) => point with
    {
        RunId = NullIfEmpty(point.RunId), DatasetName = NullIfEmpty(point.DatasetName), DatasetDigest = NullIfEmpty(point.DatasetDigest),
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static void CheckCount(string field, int count, int max, string where = "")
    {
        if (count > max)
        {
            throw MlopsException.Invalid(field, $"{count} {field}{where}; at most {max}.");
        }
    }

    private static long Milliseconds(DateTimeOffset now) => now.ToUnixTimeMilliseconds();

    private static string Short(string? text) => (text ?? "").Shorten(100);
}
