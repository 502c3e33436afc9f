using System.Text.Json;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// The stored document and its rules. Signatures are kept once each, because nearly all versions of a model share one and a wide one is most of a version's size.
/// </summary>
internal sealed class RegisteredModelDocument
{
    public const int VersionsMax = 10_000;

    public string? Description { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public List<ModelSignature> Signatures { get; set; } = [];

    public List<StoredModelVersion> Versions { get; set; } = [];

    public SortedDictionary<string, int> Aliases { get; set; } = new(StringComparer.Ordinal);

    public bool Exists => CreatedAt != default;

    public void Create(string? description, DateTimeOffset now)
    {
        Description = description;
        CreatedAt = now;
        UpdatedAt = now;
    }

    public StoredModelVersion? FindByKey(string? idempotencyKey) =>
        idempotencyKey is null ? null : Versions.FindLast(v => v.IdempotencyKey == idempotencyKey);

    public StoredModelVersion Add(NewModelVersion version, string actor, DateTimeOffset now)
    {
        if (!Exists)
        {
            Create(null, now);
        }

        var signature = Signatures.FindIndex(s => Text(s) == Text(version.Signature));
        if (signature < 0)
        {
            signature = Signatures.Count;
            Signatures.Add(version.Signature);
        }

        var added = new StoredModelVersion(
            Versions.Count + 1, version.Format, version.Blob, signature, version.Lineage, version.Metrics, version.Description, version.IdempotencyKey, now, actor);
        Versions.Add(added);
        UpdatedAt = now;
        return added;
    }

    public RegisteredModel View(string name) => new(name, Description, Versions.Count, new Dictionary<string, int>(Aliases), CreatedAt, UpdatedAt);

    public ModelVersion View(string name, StoredModelVersion v) => new(
        name, v.Version, v.Format, v.Blob, Signatures[v.Signature], v.Lineage, v.Metrics, v.Description,
        [.. Aliases.Where(a => a.Value == v.Version).Select(a => a.Key)], v.CreatedAt, v.CreatedBy);

    public StoredModelVersion Resolve(string name, string reference)
    {
        var number = AliasRules.Number(reference)
            ?? (string.Equals(reference, AliasRules.Latest, StringComparison.OrdinalIgnoreCase) ? Versions.Count
            : Aliases.TryGetValue(reference, out var target) ? target
            : throw MlopsException.NotFound("Alias", $"{name}@{reference}"));
        return number >= 1 && number <= Versions.Count ? Versions[number - 1] : throw MlopsException.NotFound("Model version", $"{name}/{reference}");
    }

    private static string Text(ModelSignature signature) => JsonSerializer.Serialize(signature);
}

internal sealed record StoredModelVersion(
    int Version,
    string Format,
    BlobRef Blob,
    int Signature,
    ModelLineage Lineage,
    IReadOnlyDictionary<string, double> Metrics,
    string? Description,
    string? IdempotencyKey,
    DateTimeOffset CreatedAt,
    string CreatedBy);
