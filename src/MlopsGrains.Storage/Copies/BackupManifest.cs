using System.Security.Cryptography;
using System.Text.Json;

namespace MlopsGrains.Storage.Copies;

/// <summary>What a backup holds. It is written last: a folder without it is not a backup.</summary>
/// <param name="Format">Of the folder.</param>
/// <param name="Engine">sqlite or postgres.</param>
/// <param name="Schema">The version of the database's schema.</param>
/// <param name="Store">Which database it is of.</param>
/// <param name="TakenAt">The moment that it shows; nothing after it is in it.</param>
/// <param name="Files">The database's files.</param>
/// <param name="Blobs">How many blobs.</param>
/// <param name="BlobBytes">Their bytes.</param>
/// <param name="Tables">PostgreSQL: what each file of a table holds.</param>
/// <param name="Sequences">PostgreSQL: how far each sequence was.</param>
public sealed record BackupManifest(
    int Format, string Engine, int Schema, string Store, DateTimeOffset TakenAt, IReadOnlyList<BackupFile> Files, long Blobs, long BlobBytes,
    IReadOnlyList<BackupTable> Tables, IReadOnlyList<BackupSequence> Sequences)
{
    public const int FormatNow = 1;
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgres";

    internal const string FileName = "backup.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads a backup's manifest and hashes its files.</summary>
    /// <exception cref="StorageRefusedException">It is not a backup, or not a whole one.</exception>
    internal static BackupManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new StorageRefusedException($"{folder} is not a finished backup: it has no {FileName}.");
        }

        var manifest = JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), Json)!;
        if (manifest.Format != FormatNow)
        {
            throw new StorageRefusedException($"The backup has format {manifest.Format}; this program reads format {FormatNow}.");
        }

        foreach (var file in manifest.Files)
        {
            var found = BackupFile.Of(folder, file.Name);
            if (found != file)
            {
                throw new StorageRefusedException($"The backup is damaged: {file.Name} has {found.Bytes} bytes with the digest {found.Sha256}; it was written with {file.Bytes} bytes and {file.Sha256}.");
            }
        }

        return manifest;
    }

    internal void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Json));
}

/// <param name="Name">Below the backup's folder.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its digest.</param>
public sealed record BackupFile(string Name, long Bytes, string Sha256)
{
    internal static BackupFile Of(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            return new BackupFile(name, -1, "");
        }

        using var file = File.OpenRead(path);
        return new BackupFile(name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }
}

/// <param name="Name">The table.</param>
/// <param name="Columns">In the order of its file.</param>
/// <param name="Rows">How many.</param>
public sealed record BackupTable(string Name, IReadOnlyList<string> Columns, long Rows);

/// <param name="Name">The sequence.</param>
/// <param name="Value">At least what it had given out.</param>
public sealed record BackupSequence(string Name, long Value);
