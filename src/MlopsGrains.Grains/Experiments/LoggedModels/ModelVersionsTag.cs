using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>
/// The tag that lists the versions registered from a logged model, as JSON: <c>[{"name": "churn", "version": 3}]</c>. Both the platform and the clients append
/// to it, so each pair is kept once.
/// </summary>
internal static class ModelVersionsTag
{
    public const string Key = "mlflow.modelVersions";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The list with one more pair.</summary>
    public static string With(string? value, ModelRegistration registration) => Write([.. Read(value) ?? [], registration]);

    /// <summary>The list without repeats; a value that is no such list stays as it is.</summary>
    public static string Tidy(string value) => Read(value) is { } pairs ? Write(pairs) : value;

    /// <summary>With the clients' spaces, since they compare it as a text.</summary>
    private static string Write(IEnumerable<ModelRegistration> pairs) =>
        $"[{string.Join(", ", pairs.Distinct().Select(p => $"{{\"name\": {JsonSerializer.Serialize(p.Name, Json)}, \"version\": {p.Version.ToString(CultureInfo.InvariantCulture)}}}"))}]";

    /// <summary>Clients write the version as a number or as text.</summary>
    private static List<ModelRegistration>? Read(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        try
        {
            var pairs = new List<ModelRegistration>();
            foreach (var pair in JsonSerializer.Deserialize<List<Dictionary<string, JsonElement>>>(value) ?? [])
            {
                if (pair.Count != 2 || !pair.TryGetValue("name", out var name) || name.ValueKind != JsonValueKind.String
                    || !pair.TryGetValue("version", out var version) || !int.TryParse(version.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    return null;
                }

                pairs.Add(new ModelRegistration(name.GetString()!, number));
            }

            return pairs;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
