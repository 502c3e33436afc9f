using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Marks;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>A database file as marks see it.</summary>
internal sealed class SqliteMarkedStore(SqliteConnection connection, string path) : IMarkedStore
{
    public string Name => path;

    public Task<string> StoreIdAsync(CancellationToken cancellationToken) => Task.FromResult((string)Scalar("SELECT id FROM store")!);

    public Task<long> WritesAsync(CancellationToken cancellationToken) => Task.FromResult(Writes());

    /// <summary>Every append moves its stream's version by its entries, every deletion and every write of a record by one; no version ever goes back.</summary>
    public long Writes() => (long)Scalar("SELECT (SELECT coalesce(sum(version), 0) FROM head) + (SELECT coalesce(sum(version), 0) FROM record)")!;

    public Task<bool> IsEmptyAsync(CancellationToken cancellationToken) => Task.FromResult(Scalar("SELECT 1 FROM head LIMIT 1") is null);

    public Task<long> VersionAsync(MarkedVersion name, CancellationToken cancellationToken) => Task.FromResult((long)((name.Kind is { } kind
        ? Scalar("SELECT version FROM record WHERE kind = $1 AND key = $2", kind, name.Name)
        : Scalar("SELECT version FROM head WHERE stream = (SELECT id FROM stream WHERE name = $1)", name.Name)) ?? 0L));

    public Task<byte[]?> NewestAsync(string stream, long version, CancellationToken cancellationToken) => Task.FromResult((byte[]?)Scalar(
        "SELECT payload FROM journal WHERE id = (SELECT entry FROM head WHERE stream = (SELECT id FROM stream WHERE name = $1) AND version = $2) AND version = $2", stream, version));

    private object? Scalar(string sql, params ReadOnlySpan<object> values)
    {
        using var command = new SqliteCommand(sql, connection);
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        }

        return command.ExecuteScalar();
    }
}
