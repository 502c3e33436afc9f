using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>The list of model descriptions that clients before generation 3 keep in a tag of the run. Pure.</summary>
internal static class ModelHistory
{
    public const string Tag = "mlflow.log-model.history";

    private static readonly string[] Required = ["artifact_path", "flavors", "utc_time_created", "run_id"];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The list with <paramref name="modelJson"/> at its end, or <see langword="null"/> when it ends with it already.</summary>
    public static string? Append(string? history, string modelJson)
    {
        var model = Parse(modelJson);
        var list = ReadList(history);
        if (list.Count > 0 && JsonNode.DeepEquals(list[^1], model))
        {
            return null;
        }

        list.Add(model);
        var next = list.ToJsonString();
        return next.Length <= TrackingLimits.ModelHistoryLengthMax
            ? next
            : throw MlopsException.Invalid("model_json", $"The run's model descriptions would have {next.Length} characters; at most {TrackingLimits.ModelHistoryLengthMax}.");
    }

    private static JsonObject Parse(string modelJson)
    {
        JsonObject? model = null;
        try
        {
            model = JsonNode.Parse(modelJson, null, Strict) as JsonObject;
        }
        catch (JsonException)
        {
        }

        var missing = model is null ? null : Required.Where(name => model[name] is null).ToList();
        return missing switch
        {
            null => throw MlopsException.Invalid("model_json", "Malformed model info. model_json is not a valid JSON object, or it names a member twice."),
            [] => model!,
            _ => throw MlopsException.Invalid("model_json", $"Model json is missing mandatory fields: {string.Join(", ", missing)}. A model description needs {string.Join(", ", Required)}."),
        };
    }

    /// <summary>The tag can be set to anything by hand; what is no list is started anew.</summary>
    private static JsonArray ReadList(string? history)
    {
        try
        {
            return history is null ? [] : JsonNode.Parse(history, null, Strict) as JsonArray ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
