using MlopsGrains.Governance;

namespace MlopsGrains.Grains.Governance;

/// <summary>How the other rooms reach the platform's chain.</summary>
internal static class Auditing
{
    /// <summary>Appends after a change is durable. Not withdrawn with the caller: what was changed has to be told.</summary>
    public static async Task Audit(this IGrainFactory grains, string action, string subject, IReadOnlyDictionary<string, string>? detail = null) =>
        await grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Append(new AuditEntry(action, subject, detail), CancellationToken.None);
}
