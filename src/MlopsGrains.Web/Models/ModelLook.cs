using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Deployments;
using MlopsGrains.Models;

namespace MlopsGrains.Web.Models;

/// <summary>How models and their versions are told.</summary>
internal static class ModelLook
{
    public static string At(string model) => $"/models/{Uri.EscapeDataString(model)}";

    public static string At(string model, int version, string? tab = null) => $"{At(model)}/{version.ToString(CultureInfo.InvariantCulture)}{(tab is null ? "" : "/" + tab)}";

    public static string Stage(ModelStage stage) => stage switch
    {
        ModelStage.Staging => "Staging",
        ModelStage.Production => "Production",
        ModelStage.Archived => "Archived",
        _ => "None",
    };

    /// <summary>Where a version gets traffic, and how many percent.</summary>
    public static IEnumerable<(string Deployment, int Revision, int Percent)> Serving(IEnumerable<Deployment> deployments, string model, int? version = null) =>
        from deployment in deployments
        from share in deployment.Traffic
        let revision = deployment.Revisions.FirstOrDefault(r => r.Number == share.Revision)
        where share.Percent > 0 && revision is not null && revision.Model == model && (version is null || revision.ModelVersion == version)
        select (deployment.Name, share.Revision, share.Percent);

    /// <summary>The version to compare with when the reader names none: the champion, else the one before.</summary>
    public static int? Against(RegisteredModel model, IEnumerable<ModelVersion> versions, int version) =>
        model.Aliases.TryGetValue("champion", out var champion) && champion != version ? champion
        : versions.Where(v => v.Version < version).Select(v => (int?)v.Version).Max();

    /// <summary>An environment as it is read: the values of the object that pipelines record, or the text itself.</summary>
    public static string? Environment(string? recorded)
    {
        try
        {
            return recorded is { Length: > 0 } && recorded[0] == '{' && JsonNode.Parse(recorded) is JsonObject parts ? string.Join(", ", parts.Select(p => p.Value?.ToString())) : recorded;
        }
        catch (JsonException)
        {
            return recorded;
        }
    }

    /// <summary>Whether a difference of a metric is in its better direction; <see langword="null"/> when there is none.</summary>
    public static bool? IsBetter(string metric, double difference) =>
        difference == 0 || !double.IsFinite(difference) ? null : difference < 0 == Formats.Shown.LessIsBetter(metric);
}

/// <summary>What a version's pages show.</summary>
/// <param name="Model">The model.</param>
/// <param name="Versions">All its versions, newest first.</param>
/// <param name="Version">The one that is shown.</param>
/// <param name="Deployments">Deployments that the reader may see, as far as they could be read.</param>
public sealed record ModelView(RegisteredModel Model, IReadOnlyList<ModelVersion> Versions, ModelVersion Version, IReadOnlyList<Deployment> Deployments)
{
    public string At(string? tab = null) => ModelLook.At(Model.Name, Version.Version, tab);
}
