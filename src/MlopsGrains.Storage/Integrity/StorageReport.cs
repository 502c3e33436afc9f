using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Integrity;

/// <summary>What a reading of everything found.</summary>
/// <param name="Database">Which one.</param>
/// <param name="Streams">Streams of the journal.</param>
/// <param name="Entries">Their entries and snapshots.</param>
/// <param name="Chunks">Sealed pieces of series.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Intents">Audit events that wait for their place in the chain.</param>
/// <param name="WithoutChecksum">How many of them were written by a program that gave no checksum: they are there, and nothing vouches for their bytes.</param>
/// <param name="Blobs">Blobs whose bytes were hashed.</param>
/// <param name="BlobBytes">Their bytes.</param>
/// <param name="Damage">What is not as it was written.</param>
public sealed record StorageReport(
    string Database, long Streams, long Entries, long Chunks, long Documents, long Intents, long WithoutChecksum, long Blobs, long BlobBytes, IReadOnlyList<StoredDamage> Damage);

/// <summary>Counts while everything is read.</summary>
internal sealed class StorageTally
{
    public DamageList Damage { get; } = new();

    public long Streams { get; set; }

    public long Entries { get; set; }

    public long Chunks { get; set; }

    public long Documents { get; set; }

    public long Intents { get; set; }

    public long WithoutChecksum { get; set; }

    public long Blobs { get; set; }

    public long BlobBytes { get; set; }

    /// <summary>Runs a check that may find damage, which is kept instead of thrown.</summary>
    public void Try(Action check)
    {
        try
        {
            check();
        }
        catch (StoredDamageException e)
        {
            Damage.Report(e.Damage);
        }
    }

    public void Document(string name, ReadOnlySpan<byte> payload)
    {
        Documents++;
        Sealed("document", name, payload);
    }

    public void Intent(long id, ReadOnlySpan<byte> payload)
    {
        Intents++;
        Sealed("intent", $"{id}", payload);
    }

    public StorageReport Report(string database) => new(database, Streams, Entries, Chunks, Documents, Intents, WithoutChecksum, Blobs, BlobBytes, Damage.Items);

    private void Sealed(string kind, string name, ReadOnlySpan<byte> payload)
    {
        WithoutChecksum += JsonSeal.IsThere(payload) ? 0 : 1;
        if (JsonSeal.IsBroken(payload))
        {
            Damage.Report(new StoredDamage(kind, name, "", $"its {payload.Length} bytes do not have the checksum that they end with"));
        }
    }
}
