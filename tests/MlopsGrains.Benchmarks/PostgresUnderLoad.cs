using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Benchmarks;

/// <summary>A PostgreSQL server as one is that has run for a day: it has made its log's segments and uses them again, instead of making one every 16 MiB.</summary>
internal static class PostgresUnderLoad
{
    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer { Settings = ["max_wal_size=8GB", "min_wal_size=2GB", "shared_buffers=512MB"] };
        await server.InitializeAsync();
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        for (var segment = 0; segment < 128; segment++)
        {
            await using var next = source.CreateCommand("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()");
            await next.ExecuteNonQueryAsync();
        }

        await using var checkpoint = source.CreateCommand("CHECKPOINT");
        await checkpoint.ExecuteNonQueryAsync();
        return server;
    }
}
