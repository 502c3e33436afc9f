using System.Text.Json;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Json;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Writes the tracking entities as MLflow does: snake case, whole numbers as numbers, empty lists left out.</summary>
internal static class MlflowEntities
{
    public static IReadOnlyDictionary<string, RunStatus> RunStatuses { get; } = new Dictionary<string, RunStatus>
    {
        ["RUNNING"] = RunStatus.Running,
        ["SCHEDULED"] = RunStatus.Scheduled,
        ["FINISHED"] = RunStatus.Finished,
        ["FAILED"] = RunStatus.Failed,
        ["KILLED"] = RunStatus.Killed,
    };

    public static IReadOnlyDictionary<string, LifecycleView> Views { get; } = new Dictionary<string, LifecycleView>
    {
        ["ACTIVE_ONLY"] = LifecycleView.ActiveOnly,
        ["DELETED_ONLY"] = LifecycleView.DeletedOnly,
        ["ALL"] = LifecycleView.All,
    };

    public static void WriteExperiment(this Utf8JsonWriter json, Experiment experiment)
    {
        json.WriteStartObject();
        json.WriteString("experiment_id", experiment.ExperimentId);
        json.WriteString("name", experiment.Name);
        json.WriteString("artifact_location", experiment.ArtifactLocation);
        json.WriteString("lifecycle_stage", NameOf(experiment.LifecycleStage));
        json.WriteNumber("last_update_time", experiment.LastUpdateTime);
        json.WriteNumber("creation_time", experiment.CreationTime);
        json.WritePairs("tags", experiment.Tags);
        json.WriteEndObject();
    }

    public static void WriteRunInfo(this Utf8JsonWriter json, RunInfo info)
    {
        json.WriteStartObject();
        json.WriteString("run_uuid", info.RunId);
        json.WriteString("experiment_id", info.ExperimentId);
        json.WriteString("run_name", info.RunName);
        json.WriteString("user_id", info.UserId);
        json.WriteString("status", NameOf(info.Status));
        json.WriteNumber("start_time", info.StartTime);
        if (info.EndTime is { } end)
        {
            json.WriteNumber("end_time", end);
        }

        json.WriteString("artifact_uri", info.ArtifactUri);
        json.WriteString("lifecycle_stage", NameOf(info.LifecycleStage));
        json.WriteString("run_id", info.RunId);
        json.WriteEndObject();
    }

    public static void WriteRun(this Utf8JsonWriter json, Run run)
    {
        json.WriteStartObject();
        json.WritePropertyName("info");
        json.WriteRunInfo(run.Info);
        json.WriteStartObject("data");
        if (run.Metrics.Count > 0)
        {
            json.WriteStartArray("metrics");
            foreach (var metric in run.Metrics)
            {
                json.WriteMetric(metric.Key, metric.Value, metric.Timestamp, metric.Step);
            }

            json.WriteEndArray();
        }

        json.WritePairs("params", run.Params);
        json.WritePairs("tags", run.Tags);
        json.WriteEndObject();
        json.WriteStartObject("inputs");
        if (run.Inputs.Count > 0)
        {
            json.WriteStartArray("dataset_inputs");
            foreach (var input in run.Inputs)
            {
                json.WriteInput(input);
            }

            json.WriteEndArray();
        }

        if (run.ModelInputs.Count > 0)
        {
            json.WriteStartArray("model_inputs");
            foreach (var model in run.ModelInputs)
            {
                json.WriteStartObject();
                json.WriteString("model_id", model);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteOutputs(run.ModelOutputs);
        json.WriteEndObject();
    }

    public static void WriteMetric(this Utf8JsonWriter json, string key, double value, long timestamp, long step, string? runId = null)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WritePropertyName("value"u8);
        json.WriteDouble(value);
        json.WriteNumber("timestamp"u8, timestamp);
        json.WriteNumber("step"u8, step);
        if (runId is not null)
        {
            json.WriteString("run_id"u8, runId);
        }

        json.WriteEndObject();
    }

    /// <summary>The real server leaves <c>outputs</c> out until there are some.</summary>
    private static void WriteOutputs(this Utf8JsonWriter json, IReadOnlyList<ModelOutput> outputs)
    {
        if (outputs.Count == 0)
        {
            return;
        }

        json.WriteStartObject("outputs");
        json.WriteStartArray("model_outputs");
        foreach (var output in outputs)
        {
            json.WriteStartObject();
            json.WriteString("model_id", output.ModelId);
            json.WriteNumber("step", output.Step);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteInput(this Utf8JsonWriter json, DatasetInput input)
    {
        json.WriteStartObject();
        json.WritePairs("tags", input.Tags);
        json.WriteStartObject("dataset");
        json.WriteString("name", input.Name);
        json.WriteString("digest", input.Digest);
        json.WriteString("source_type", input.SourceType);
        json.WriteString("source", input.Source);
        if (input.Schema is not null)
        {
            json.WriteString("schema", input.Schema);
        }

        if (input.Profile is not null)
        {
            json.WriteString("profile", input.Profile);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WritePairs(this Utf8JsonWriter json, string name, IReadOnlyList<Tag> pairs) => json.WritePairs(name, pairs, "key"u8);

    /// <param name="json">Where to.</param>
    /// <param name="name">Of the list, which is left out when it is empty.</param>
    /// <param name="pairs">Its items.</param>
    /// <param name="keyName">What a pair's key is called.</param>
    public static void WritePairs(this Utf8JsonWriter json, string name, IReadOnlyList<Tag> pairs, ReadOnlySpan<byte> keyName)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var pair in pairs)
        {
            json.WriteStartObject();
            json.WriteString(keyName, pair.Key);
            json.WriteString("value"u8, pair.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string NameOf(LifecycleStage stage) => stage == LifecycleStage.Deleted ? "deleted" : "active";

    private static string NameOf(RunStatus status) => status switch
    {
        RunStatus.Scheduled => "SCHEDULED",
        RunStatus.Finished => "FINISHED",
        RunStatus.Failed => "FAILED",
        RunStatus.Killed => "KILLED",
        _ => "RUNNING",
    };
}
