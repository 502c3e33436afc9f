using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Postgres;
using Npgsql;

namespace MlopsGrains.Storage.Integrity;

/// <summary>Reads everything that is stored, holds it against its checksums, digests and marks, and changes nothing. It may run beside a server.</summary>
public static class StorageCheck
{
    /// <summary>A database file, whether a server uses it or not.</summary>
    /// <exception cref="StorageRefusedException">There is no such file, or no program of this kind has opened it yet.</exception>
    public static Task<StorageReport> SqliteAsync(string path, string? blobs, MarkOptions marks, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(marks);
        return Task.Run(
            async () =>
            {
                var tally = new StorageTally();
                using var check = SqliteCheck.Open(path, tally);
                await CompareAsync(marks, check.Marked, tally, cancellationToken);
                check.Run(cancellationToken);
                CheckBlobs(blobs, tally, cancellationToken);
                return tally.Report(path);
            },
            cancellationToken);
    }

    /// <summary>A PostgreSQL database.</summary>
    /// <exception cref="StorageRefusedException">No program of this kind has opened it yet.</exception>
    public static async Task<StorageReport> PostgresAsync(string connectionString, string? blobs, MarkOptions marks, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(marks);
        await using var source = NpgsqlDataSource.Create(connectionString);
        var tally = new StorageTally();
        var check = new PostgresCheck(source, tally);
        await check.RequireSchemaAsync(cancellationToken);
        var marked = new PostgresMarkedStore(source);
        await CompareAsync(marks, marked, tally, cancellationToken);
        await check.RunAsync(cancellationToken);
        await Task.Run(() => CheckBlobs(blobs, tally, cancellationToken), cancellationToken);
        return tally.Report(marked.Name);
    }

    private static async Task CompareAsync(MarkOptions marks, IMarkedStore store, StorageTally tally, CancellationToken cancellationToken)
    {
        if (marks.Open() is not { } folder)
        {
            return;
        }

        var result = await MarkGate.CompareAsync(folder, store, tally.Damage, cancellationToken);
        tally.Damage.Report(result.Missing);
        if (result.IsForeign)
        {
            tally.Damage.Report(new StoredDamage("database", store.Name, "", $"it is empty, and the marks in {folder.Path} tell of another one that was used with these blobs"));
        }
    }

    private static void CheckBlobs(string? folder, StorageTally tally, CancellationToken cancellationToken)
    {
        if (folder is null || !Directory.Exists(folder))
        {
            return;
        }

        foreach (var (digest, file) in FolderBlobStore.FilesIn(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var found = FolderBlobStore.DigestOf(file);
                tally.Blobs++;
                tally.BlobBytes += new FileInfo(file).Length;
                if (found != digest)
                {
                    tally.Damage.Report(new StoredDamage("blob", digest, "", $"its bytes hash to {found}"));
                }
            }
            catch (FileNotFoundException)
            {
                // Removed meanwhile, as a server may.
            }
            catch (IOException e)
            {
                tally.Damage.Report(new StoredDamage("blob", digest, "", $"it cannot be read ({e.Message})"));
            }
        }
    }
}
