using System.Text.Json.Serialization;

namespace MlopsGrains.Grains.Documents;

/// <summary>What every document has: what its last change has to tell the audit chain, in the same write.</summary>
internal abstract class StoredDocument
{
    /// <summary>As they were stored last (<see cref="Intents.AuditIntent"/>). PostgreSQL's trigger looks for this name at the beginning of a document's JSON.</summary>
    [JsonPropertyOrder(int.MinValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ReadOnlyMemory<byte>>? AuditIntents { get; set; }
}
