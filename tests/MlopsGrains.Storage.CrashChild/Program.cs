// Appends under load and prints every acknowledged "stream version" until it is killed. Usage: <sqlite|postgres> <path or connection string>
using System.Text;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using Npgsql;

IJournal journal = args[0] == "sqlite"
    ? await SqliteStore.OpenAsync(new() { Path = args[1] })
    : await PostgresJournal.OpenAsync(new() { ConnectionString = args[1] }, NpgsqlDataSource.Create(args[1]));

await Task.WhenAll(Enumerable.Range(0, 32).Select(writer => Task.Run(() => WriteAsync($"s{writer}"))));
return;

async Task WriteAsync(string stream)
{
    var version = (await journal.ReadAsync(stream)).Version;
    for (var appends = 1; ; appends++)
    {
        ReadOnlyMemory<byte>[] entries = [.. Enumerable.Range(1, 1 + (appends % 3)).Select(k => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes($"{stream}/{version + k}"))];
        if (!await journal.AppendAsync(stream, version, entries))
        {
            throw new InvalidOperationException($"{stream} was fenced at {version} although it has one writer");
        }

        version += entries.Length;
        Console.WriteLine($"{stream} {version}");
        if (appends % 40 == 0)
        {
            var text = Encoding.UTF8.GetBytes($"{version}");
            await journal.WriteSnapshotAsync(stream, version, text, [new("versions", version, text)]);
        }
    }
}
