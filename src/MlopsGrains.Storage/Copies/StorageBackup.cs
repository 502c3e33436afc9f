using System.Globalization;
using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Migrations;
using Npgsql;

namespace MlopsGrains.Storage.Copies;

/// <summary>
/// Copies a database as it is at one moment, and then the blobs, while servers go on. What the copy names was stored before that moment and is not swept before its grace time is over,
/// so the blobs that come later are all there.
/// </summary>
public static class StorageBackup
{
    private const string DatabaseFile = "mlops.db";

    /// <summary>A database file, whether a server uses it or not.</summary>
    /// <exception cref="StorageRefusedException">There is no such file, or the folder holds a backup.</exception>
    public static Task<Backup> SqliteAsync(string path, string blobs, string folder, CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            if (!File.Exists(path))
            {
                throw new StorageRefusedException($"There is no database {path}.");
            }

            Begin(folder);
            var copy = Path.Combine(folder, DatabaseFile);
            DateTimeOffset taken;
            using (var from = SqliteConnections.Open(path, TimeSpan.FromSeconds(30), readOnly: true))
            {
                using var to = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false }.ToString());
                to.Open();
                taken = TimeProvider.System.GetUtcNow();
                from.BackupDatabase(to);
                Execute(to, "PRAGMA journal_mode = DELETE");
            }

            var (schema, store) = Describe(copy);
            return Finish(folder, blobs, new BackupManifest(BackupManifest.FormatNow, BackupManifest.Sqlite, schema, store, taken, [BackupFile.Of(folder, DatabaseFile)], 0, 0, [], []), cancellationToken);
        },
        cancellationToken);

    /// <summary>A PostgreSQL database, in one repeatable read.</summary>
    /// <exception cref="StorageRefusedException">The folder holds a backup.</exception>
    public static async Task<Backup> PostgresAsync(string connectionString, string blobs, string folder, CancellationToken cancellationToken = default)
    {
        Begin(folder);
        await using var source = NpgsqlDataSource.Create(connectionString);
        var manifest = await PostgresCopies.ExportAsync(source, folder, cancellationToken);
        return await Task.Run(() => Finish(folder, blobs, manifest, cancellationToken), cancellationToken);
    }

    /// <summary>Puts a backup of a database file into a data folder that no server uses.</summary>
    /// <param name="folder">The backup.</param>
    /// <param name="path">The database file.</param>
    /// <param name="blobs">The blob folder.</param>
    /// <param name="marks">The folder of marks; they are put aside.</param>
    /// <param name="replace">Whether a database that is there may be put aside.</param>
    /// <param name="cancellationToken">Ends it; the database comes last.</param>
    public static Task<Backup> RestoreSqliteAsync(string folder, string path, string blobs, string? marks, bool replace, CancellationToken cancellationToken = default) => Task.Run(
        async () =>
        {
            var manifest = Read(folder, BackupManifest.Sqlite);
            var data = Path.GetDirectoryName(Path.GetFullPath(path))!;
            await using var held = await Locks.FolderLock.TakeAsync(data, "a restore", TimeSpan.FromSeconds(5), Environment.MachineName, cancellationToken);
            if (File.Exists(path) && !replace)
            {
                throw new StorageRefusedException($"{path} is there already. Name another data folder, or give --replace, which puts it aside.");
            }

            var result = CopyBlobs(folder, blobs, manifest, cancellationToken);
            var restored = path + ".restored";
            File.Copy(Path.Combine(folder, manifest.Files[0].Name), restored, overwrite: true);
            using (var file = new FileStream(restored, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1))
            {
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }

            var aside = string.Create(CultureInfo.InvariantCulture, $".before-restore-{TimeProvider.System.GetUtcNow().UtcDateTime:yyyyMMddHHmmss}");
            foreach (var part in (string[])["", "-wal", "-shm"])
            {
                if (File.Exists(path + part))
                {
                    File.Move(path + part, path + aside + part, overwrite: true);
                }
            }

            PutMarksAside(marks);
            File.Move(restored, path, overwrite: true);
            MlopsGrains.Storage.Blobs.FolderSync.Sync(data);
            return result;
        },
        cancellationToken);

    /// <summary>Puts a backup into a PostgreSQL database that no silo uses, all or nothing.</summary>
    public static async Task<Backup> RestorePostgresAsync(string folder, string connectionString, string blobs, string? marks, bool replace, CancellationToken cancellationToken = default)
    {
        var manifest = await Task.Run(() => Read(folder, BackupManifest.Postgres), cancellationToken);
        var result = await Task.Run(() => CopyBlobs(folder, blobs, manifest, cancellationToken), cancellationToken);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await StorageMigrator.MigratePostgresAsync(source, cancellationToken);
        await PostgresCopies.ImportAsync(source, folder, manifest, replace, cancellationToken);
        PutMarksAside(marks);
        return result;
    }

    private static BackupManifest Read(string folder, string engine)
    {
        var manifest = BackupManifest.Read(folder);
        return manifest.Engine == engine ? manifest : throw new StorageRefusedException($"The backup is of {manifest.Engine}; it can be restored to {manifest.Engine} only (--storage).");
    }

    private static void Begin(string folder)
    {
        if (File.Exists(Path.Combine(folder, BackupManifest.FileName)))
        {
            throw new StorageRefusedException($"{folder} holds a backup already; name another folder.");
        }

        Directory.CreateDirectory(folder);
        File.Delete(Path.Combine(folder, DatabaseFile));
    }

    private static Backup Finish(string folder, string blobs, BackupManifest manifest, CancellationToken cancellationToken)
    {
        using var damage = new DamageList();
        var (count, bytes) = BlobCopies.Copy(blobs, Path.Combine(folder, "blobs"), damage, cancellationToken);
        manifest = manifest with { Blobs = count, BlobBytes = bytes };
        manifest.Write(folder);
        return new Backup(manifest, damage.Items);
    }

    private static Backup CopyBlobs(string folder, string blobs, BackupManifest manifest, CancellationToken cancellationToken)
    {
        using var damage = new DamageList();
        var (count, bytes) = BlobCopies.Copy(Path.Combine(folder, "blobs"), blobs, damage, cancellationToken);
        return new Backup(manifest with { Blobs = count, BlobBytes = bytes }, damage.Items);
    }

    private static void PutMarksAside(string? marks)
    {
        if (marks is not null)
        {
            new Marks.MarkFolder(marks, null).PutAside();
        }
    }

    private static (int Schema, string Store) Describe(string copy)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false, Mode = SqliteOpenMode.ReadOnly }.ToString());
        connection.Open();
        var fault = (string)Execute(connection, "PRAGMA integrity_check(1)")!;
        if (fault != "ok")
        {
            throw new StorageRefusedException($"The database's pages do not fit together ({fault}), and so would those of the copy. storage check names what is damaged; an older backup may be whole.");
        }

        return ((int)(long)Execute(connection, "SELECT max(version) FROM schema_version")!, (string)Execute(connection, "SELECT id FROM store")!);
    }

    private static object? Execute(SqliteConnection connection, string sql)
    {
        using var command = new SqliteCommand(sql, connection);
        return command.ExecuteScalar();
    }
}

/// <param name="Manifest">What was copied.</param>
/// <param name="Damage">What was not, because it is damaged.</param>
public sealed record Backup(BackupManifest Manifest, IReadOnlyList<StoredDamage> Damage);
