using MlopsGrains.Client;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Web.Monitoring;

/// <summary>A monitor, and which of its features are what the deployed model gives rather than what it takes.</summary>
/// <param name="Status">As it stands.</param>
/// <param name="Outputs">Names of watched outputs; none when the deployment does not tell.</param>
public sealed record MonitorView(MonitorStatus Status, IReadOnlySet<string> Outputs)
{
    internal static MonitorView Of(MonitorStatus status, InferenceMetadata? model)
    {
        var outputs = (model?.Outputs ?? []).Select(o => o.Name).Except((model?.Inputs ?? []).Select(i => i.Name), StringComparer.Ordinal);
        var watched = status.Rules.Features is { Count: > 0 } named ? named : status.LastVerdict?.Features.Select(f => f.Feature) ?? [];
        return new MonitorView(status, outputs.Intersect(watched, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal));
    }
}
