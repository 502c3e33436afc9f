using System.Globalization;
using System.Text.Json;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Models;

/// <summary>Writes registered models and versions as MLflow does. What was never set is left out; what was set to nothing is written.</summary>
internal static class MlflowRegistryEntities
{
    public static IReadOnlyDictionary<string, ModelStage> Stages { get; } = new Dictionary<string, ModelStage>(StringComparer.OrdinalIgnoreCase)
    {
        ["None"] = ModelStage.None,
        ["Staging"] = ModelStage.Staging,
        ["Production"] = ModelStage.Production,
        ["Archived"] = ModelStage.Archived,
    };

    public static void WriteRegisteredModel(this Utf8JsonWriter json, RegisteredModel model)
    {
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        json.WriteNumber("creation_timestamp", model.CreatedAt.ToUnixTimeMilliseconds());
        json.WriteNumber("last_updated_timestamp", model.UpdatedAt.ToUnixTimeMilliseconds());
        json.WriteGiven("user_id", model.CreatedBy);
        json.WriteGiven("description", model.Description);
        json.WriteGiven("deployment_job_id", model.DeploymentJobId);
        if (model.LatestByStage.Count > 0)
        {
            json.WriteStartArray("latest_versions");
            foreach (var version in model.LatestByStage)
            {
                json.WriteModelVersion(version);
            }

            json.WriteEndArray();
        }

        json.WriteTags(model.Tags);
        if (model.Aliases.Count > 0)
        {
            json.WriteStartArray("aliases");
            foreach (var (alias, version) in model.Aliases.OrderBy(a => a.Key, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("alias", alias);
                json.WriteString("version", version.ToString(CultureInfo.InvariantCulture));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void WriteModelVersion(this Utf8JsonWriter json, ModelVersion version) => json.WriteModelVersion(version, null);

    /// <param name="json">Where to.</param>
    /// <param name="version">The version.</param>
    /// <param name="logged">The logged model that it is, whose params and metrics are shown as the version's.</param>
    public static void WriteModelVersion(this Utf8JsonWriter json, ModelVersion version, LoggedModel? logged)
    {
        json.WriteStartObject();
        json.WriteString("name", version.Model);
        json.WriteString("version", version.Version.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("creation_timestamp", version.CreatedAt.ToUnixTimeMilliseconds());
        json.WriteNumber("last_updated_timestamp", version.UpdatedAt.ToUnixTimeMilliseconds());
        json.WriteString("user_id", version.CreatedBy);
        json.WriteString("current_stage", version.Stage.ToString());
        json.WriteGiven("description", version.Description);
        json.WriteString("source", version.Source);
        json.WriteGiven("run_id", version.Lineage.RunId);
        json.WriteString("status", "READY");
        json.WriteTags(version.Tags);
        json.WriteGiven("run_link", version.RunLink);
        if (version.Aliases.Count > 0)
        {
            json.WriteStartArray("aliases");
            foreach (var alias in version.Aliases)
            {
                json.WriteStringValue(alias);
            }

            json.WriteEndArray();
        }

        json.WriteGiven("model_id", version.ModelId);
        if (logged is not null)
        {
            json.WritePairs("model_params", logged.Params, "name"u8);
            json.WriteMetrics("model_metrics", logged);
        }

        json.WriteEndObject();
    }

    private static void WriteTags(this Utf8JsonWriter json, IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tags");
        foreach (var (key, value) in tags)
        {
            json.WriteStartObject();
            json.WriteString("key", key);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteGiven(this Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
