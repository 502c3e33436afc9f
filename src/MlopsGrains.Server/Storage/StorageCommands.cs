using System.CommandLine;
using System.Globalization;
using MlopsGrains.Server.Hosting;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Copies;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Integrity;
using MlopsGrains.Storage.Marks;
using Npgsql;

namespace MlopsGrains.Server.Storage;

/// <summary>
/// The <c>storage</c> commands: they go to the database and the blobs themselves, so they need no server and mind none, except that a restore wants none. Exit code 0: all is whole;
/// 1: damage was found; 2: it could not be done, and the message says why.
/// </summary>
internal static class StorageCommands
{
    private const int Damaged = 1;
    private const int Refused = 2;

    public static Command Create() => new("storage", "Checks, backs up and restores what is stored, beside a running server or without one.") { Check(), Backup(), Restore() };

    private static Command Check()
    {
        var place = new PlaceOptions();
        var command = new Command("check", "Reads everything and compares it with its checksums, digests and marks. Changes nothing.");
        place.AddTo(command);
        command.SetAction((parse, cancellationToken) => Guarded(async () =>
        {
            var settings = place.Read(parse);
            var marks = new MarkOptions { Folder = settings.MarkDirectory, Key = settings.MarkKey };
            var report = settings.Storage == StorageEngine.Postgres
                ? await StorageCheck.PostgresAsync(settings.ConnectionString!, settings.BlobDirectoryOrDefault, marks, cancellationToken)
                : await StorageCheck.SqliteAsync(settings.DatabaseFile, settings.BlobDirectoryOrDefault, marks, cancellationToken);
            Say($"{report.Database}");
            Say($"  {report.Streams,12} streams with {report.Entries} entries and snapshots");
            Say($"  {report.Chunks,12} chunks of series");
            Say($"  {report.Documents,12} documents");
            Say($"  {report.Intents,12} audit events that wait for their place in the chain");
            Say($"  {report.Blobs,12} blobs, {report.BlobBytes} bytes");
            if (report.WithoutChecksum > 0)
            {
                Say($"  {report.WithoutChecksum,12} of these have no checksum: an older program wrote them");
            }

            return Tell(report.Damage, "Everything is as it was written.");
        }));
        return command;
    }

    private static Command Backup()
    {
        var place = new PlaceOptions();
        var to = new Option<string>("--to") { Description = "A new folder for the backup.", Required = true };
        var command = new Command("backup", "Copies the database as it is at one moment, and the blobs. A running server is not disturbed.") { to };
        place.AddTo(command);
        command.SetAction((parse, cancellationToken) => Guarded(async () =>
        {
            var settings = place.Read(parse);
            var folder = parse.GetValue(to)!;
            var backup = settings.Storage == StorageEngine.Postgres
                ? await StorageBackup.PostgresAsync(settings.ConnectionString!, settings.BlobDirectoryOrDefault, folder, cancellationToken)
                : await StorageBackup.SqliteAsync(settings.DatabaseFile, settings.BlobDirectoryOrDefault, folder, cancellationToken);
            Say($"{folder} holds the database as of {backup.Manifest.TakenAt:yyyy-MM-dd HH:mm:ss}Z ({backup.Manifest.Files.Sum(file => file.Bytes)} bytes) and {backup.Manifest.Blobs} blobs ({backup.Manifest.BlobBytes} bytes).");
            return Tell(backup.Damage, null);
        }));
        return command;
    }

    private static Command Restore()
    {
        var place = new PlaceOptions();
        var from = new Option<string>("--from") { Description = "The folder of a backup.", Required = true };
        var replace = new Option<bool>("--replace") { Description = "A database that is there is put aside (SQLite) or emptied (PostgreSQL)." };
        var command = new Command("restore", "Puts a backup back. No server may use the place meanwhile.") { from, replace };
        place.AddTo(command);
        command.SetAction((parse, cancellationToken) => Guarded(async () =>
        {
            var settings = place.Read(parse);
            var (folder, blobs, marks) = (parse.GetValue(from)!, settings.BlobDirectoryOrDefault, settings.MarkDirectory);
            var restored = settings.Storage == StorageEngine.Postgres
                ? await StorageBackup.RestorePostgresAsync(folder, settings.ConnectionString!, blobs, marks, parse.GetValue(replace), cancellationToken)
                : await StorageBackup.RestoreSqliteAsync(folder, settings.DatabaseFile, blobs, marks, parse.GetValue(replace), cancellationToken);
            Say($"Restored as of {restored.Manifest.TakenAt:yyyy-MM-dd HH:mm:ss}Z, with {restored.Manifest.Blobs} blobs.");
            return Tell(restored.Damage, null);
        }));
        return command;
    }

    private static int Tell(IReadOnlyList<StoredDamage> damage, string? whole)
    {
        if (damage.Count == 0)
        {
            if (whole is not null)
            {
                Console.WriteLine(whole);
            }

            return 0;
        }

        Say($"{damage.Count} {(damage.Count == 1 ? "thing is" : "things are")} damaged:");
        foreach (var one in damage)
        {
            Console.WriteLine($"- {one}");
        }

        return Damaged;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static async Task<int> Guarded(Func<Task<int>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception e) when (e is StorageRefusedException or InvalidSettingsException or NpgsqlException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Refused;
        }
    }

    /// <summary>Where it is, said as to the server.</summary>
    private sealed class PlaceOptions
    {
        private readonly Option<StorageEngine> storage = new("--storage") { Description = "sqlite or postgres.", DefaultValueFactory = _ => StorageEngine.Sqlite };
        private readonly Option<string?> connection = new("--connection") { Description = "PostgreSQL connection string (or the environment variable MLOPS_Connection)." };
        private readonly Option<string> data = new("--data") { Description = "Directory of the database file and the blobs.", DefaultValueFactory = _ => "data" };
        private readonly Option<string?> blobs = new("--blobs") { Description = "Blob directory (default: blobs below --data)." };

        public void AddTo(Command command)
        {
            foreach (var option in (Option[])[storage, connection, data, blobs])
            {
                command.Options.Add(option);
            }
        }

        public ServerSettings Read(ParseResult parse)
        {
            var settings = new ServerSettings
            {
                Storage = parse.GetValue(storage),
                Connection = parse.GetValue(connection) ?? Environment.GetEnvironmentVariable("MLOPS_Connection"),
                DataDirectory = parse.GetValue(data)!,
                BlobDirectory = parse.GetValue(blobs),
                MarkKey = Environment.GetEnvironmentVariable("MLOPS_MarkKey"),
            };
            var faults = settings.Faults(authenticationConfigured: true).ToList();
            return faults.Count == 0 ? settings : throw new InvalidSettingsException(faults);
        }
    }
}
