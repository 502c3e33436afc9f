using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.EndToEnd.Rounds;

/// <summary>What a round happens to: two silos and a gateway, or one server that is everything, on a PostgreSQL server of its own.</summary>
internal sealed class World : IAsyncDisposable
{
    private readonly TempDirectory directory = new();
    private NpgsqlDataSource? writtenBy;
    private string connection = "";
    private ServerProcess? alone;
    private ServerCluster? cluster;

    public PostgresServer Database { get; } = new();

    public bool IsAlone => alone is not null;

    /// <summary>Whom writers ask.</summary>
    public ServerProcess Door => alone ?? Cluster.Gateway;

    public ServerCluster Cluster => cluster ?? throw new InvalidOperationException("There is one server alone.");

    public IEnumerable<ServerProcess> Processes => alone is { } one ? [one] : [.. Cluster.Silos, Cluster.Gateway];

    public static async Task<World> StartAsync(bool alone)
    {
        var world = new World();
        await world.Database.InitializeAsync();
        if (alone)
        {
            world.connection = await world.Database.CreateDatabaseAsync();
            await world.RestartAloneAsync();
        }
        else
        {
            world.cluster = await ServerCluster.StartAsync(world.Database, silos: 2);
            world.connection = world.cluster.Connection.Replace("Pooling=True", "Pooling=False", StringComparison.Ordinal);
            await world.WatchWritersAsync();
        }

        return world;
    }

    public async Task RestartAloneAsync()
    {
        if (alone is { } before)
        {
            await before.DisposeAsync();
        }

        alone = await ServerProcess.StartAsync(["--storage", "postgres", "--connection", connection, "--data", directory.Path]);
    }

    /// <summary>Ports of the silos that wrote each run last.</summary>
    public async Task<IReadOnlyDictionary<string, int>> HomesAsync()
    {
        var homes = new Dictionary<string, int>();
        if (writtenBy is not null)
        {
            await using var command = writtenBy.CreateCommand("SELECT stream, split_part(member, '|', 2)::int FROM written_by WHERE member <> ''");
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                homes[reader.GetString(0)["run/".Length..]] = reader.GetInt32(1);
            }
        }

        return homes;
    }

    /// <summary>Ends some or all of the connections that the servers have.</summary>
    public async Task EndConnectionsAsync(double share)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < $1");
        command.Parameters.Add(new() { Value = share });
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disposable in new IAsyncDisposable?[] { cluster, alone, writtenBy, Database })
        {
            if (disposable is not null)
            {
                await disposable.DisposeAsync();
            }
        }

        directory.Dispose();
    }

    private async Task WatchWritersAsync()
    {
        writtenBy = NpgsqlDataSource.Create(connection);
        await using var command = writtenBy.CreateCommand("""
            CREATE TABLE written_by (stream text PRIMARY KEY, member text);
            CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN
              INSERT INTO written_by VALUES (NEW.stream, coalesce(current_setting('mlops.member', true), '')) ON CONFLICT (stream) DO UPDATE SET member = excluded.member WHERE written_by.member <> excluded.member;
              RETURN NULL;
            END
            $f$;
            CREATE TRIGGER note_writer AFTER INSERT OR UPDATE ON stream_head FOR EACH ROW WHEN (NEW.stream LIKE 'run/%') EXECUTE FUNCTION note_writer();
            """);
        await command.ExecuteNonQueryAsync();
    }
}
