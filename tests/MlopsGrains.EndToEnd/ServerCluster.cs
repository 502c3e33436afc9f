using System.Diagnostics;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.EndToEnd;

/// <summary>Silos and a gateway as real processes on a PostgreSQL database of their own, with the settings that they are shipped with unless others are given.</summary>
internal sealed class ServerCluster : IAsyncDisposable
{
    private const int Dead = 6;

    private readonly TempDirectory directory = new();
    private readonly List<ServerProcess> silos = [];
    private readonly Dictionary<string, string> settings;
    private readonly string[] arguments;
    private readonly NpgsqlDataSource database;
    private ServerProcess? gateway;

    private ServerCluster(string connection, IReadOnlyDictionary<string, string>? settings, string? program)
    {
        this.settings = new(settings ?? new Dictionary<string, string>()) { ["MLOPS_ClusterSecurity__Secret"] = new string('s', 64) };
        Program = program;
        arguments = ["--storage", "postgres", "--connection", connection, "--blobs", directory.Path];
        Connection = connection;
        database = NpgsqlDataSource.Create(connection);
    }

    /// <summary>What is started from here on, the built program by default.</summary>
    public string? Program { get; set; }

    /// <summary>To the database.</summary>
    public string Connection { get; }

    public IReadOnlyList<ServerProcess> Silos => silos;

    public ServerProcess Gateway => gateway!;

    public static async Task<ServerCluster> StartAsync(PostgresServer postgres, int silos, IReadOnlyDictionary<string, string>? settings = null, string? program = null)
    {
        var cluster = new ServerCluster(await postgres.CreateDatabaseAsync(), settings, program);
        for (var i = 0; i < silos; i++)
        {
            await cluster.AddSiloAsync();
        }

        cluster.gateway = await cluster.ServeAsync("gateway");
        return cluster;
    }

    public async Task<ServerProcess> AddSiloAsync()
    {
        silos.Add(await ServeAsync("silo", "--silo-port", $"{FreePort.Next()}"));
        return silos[^1];
    }

    /// <summary>A new silo in the place of each that has ended.</summary>
    public async Task ReplaceEndedAsync()
    {
        for (var i = 0; i < silos.Count; i++)
        {
            if (silos[i].HasExited)
            {
                await silos[i].DisposeAsync();
                silos[i] = await ServeAsync("silo", "--silo-port", $"{FreePort.Next()}");
            }
        }
    }

    /// <summary>Starts a silo and stops the one whose place it takes, at the same time.</summary>
    /// <returns>How long the stop took.</returns>
    public async Task<TimeSpan> ReplaceSiloAsync(int index)
    {
        var before = silos[index];
        var began = Stopwatch.GetTimestamp();
        var stopped = before.StopAsync().ContinueWith(_ => Stopwatch.GetElapsedTime(began), TaskScheduler.Default);
        silos[index] = await ServeAsync("silo", "--silo-port", $"{FreePort.Next()}");
        await stopped;
        await before.DisposeAsync();
        return await stopped;
    }

    /// <summary>A new gateway; the one before is the caller's from here on.</summary>
    public async Task<ServerProcess> ReplaceGatewayAsync()
    {
        var before = Gateway;
        gateway = await ServeAsync("gateway");
        return before;
    }

    /// <summary>Returns when the others have declared a silo dead.</summary>
    public Task EvictedAsync(ServerProcess silo, TimeSpan within) => Eventually.Async(async () => await StatusOfAsync(silo) == Dead, within, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in silos.Append(gateway).OfType<ServerProcess>())
        {
            await process.DisposeAsync();
        }

        await database.DisposeAsync();
        directory.Dispose();
    }

    private Task<ServerProcess> ServeAsync(string role, params string[] more) => ServerProcess.StartAsync(["--role", role, .. arguments, .. more], settings, program: Program);

    private async Task<int> StatusOfAsync(ServerProcess silo)
    {
        await using var command = database.CreateCommand("SELECT status FROM orleansmembershiptable WHERE port = $1");
        command.Parameters.Add(new() { Value = silo.SiloPort });
        return (int)(await command.ExecuteScalarAsync() ?? 0);
    }
}
