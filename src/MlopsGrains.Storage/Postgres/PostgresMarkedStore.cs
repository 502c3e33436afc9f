using MlopsGrains.Storage.Marks;
using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>A PostgreSQL database as marks see it. Several processes write to it, so no one of them can count the writes.</summary>
internal sealed class PostgresMarkedStore(NpgsqlDataSource source) : IMarkedStore
{
    public string Name => new NpgsqlConnectionStringBuilder(source.ConnectionString) is var b ? $"{b.Database} on {b.Host}" : "";

    public async Task<string> StoreIdAsync(CancellationToken cancellationToken) => (string)(await Scalar("SELECT id FROM store", cancellationToken))!;

    public Task<long> WritesAsync(CancellationToken cancellationToken) => Task.FromResult(-1L);

    public async Task<bool> IsEmptyAsync(CancellationToken cancellationToken) => await Scalar("SELECT 1 FROM stream_head LIMIT 1", cancellationToken) is null;

    public async Task<long> VersionAsync(MarkedVersion name, CancellationToken cancellationToken) =>
        (long)(await Scalar("SELECT version FROM stream_head WHERE stream = $1", cancellationToken, name.Name) ?? 0L);

    public async Task<byte[]?> NewestAsync(string stream, long version, CancellationToken cancellationToken) => (byte[]?)await Scalar(
        "SELECT j.payload FROM stream_head h JOIN journal j ON j.id = h.entry WHERE h.stream = $1 AND h.version = $2 AND j.version = $2", cancellationToken, stream, version);

    private async Task<object?> Scalar(string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddRange(values.Select(value => new NpgsqlParameter { Value = value }).ToArray());
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
