using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace MlopsGrains.Testing;

/// <summary>
/// A real PostgreSQL server from this machine's binaries, in a directory of its own on a free loopback port, with fsync on. Share one per
/// test assembly (<c>[assembly: AssemblyFixture(typeof(PostgresServer))]</c>) and take a fresh database per test.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    // The shell ends the server when its input closes, so it never outlives the test process, however that ends.
    private const string Guard = """log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & read -r _; kill -QUIT $! 2>/dev/null; wait $!""";

    private readonly string directory = Path.Combine(Path.GetTempPath(), $"mlopsgrains-postgres-{Guid.NewGuid():N}");
    private readonly int port = FreePort.Next();
    private readonly List<Process> guards = [];
    private string binaries = "";
    private int databases;

    private string DataDirectory => Path.Combine(directory, "data");

    private string LogFile => Path.Combine(directory, "server.log");

    public async ValueTask InitializeAsync()
    {
        binaries = FindBinaries();
        Directory.CreateDirectory(directory);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres:", directory);
        }

        await RunAsync([.. Unprivileged(), Path.Combine(binaries, "initdb"), "-D", DataDirectory, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        await StartAsync();
    }

    /// <summary>More of the server's settings, as <c>name=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public async ValueTask DisposeAsync()
    {
        await EndGuardsAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Creates an empty database and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres", pooling: false));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name, pooling: true);
    }

    /// <summary>Makes a user who has to give a password.</summary>
    public async Task RequirePasswordAsync(string user, string password)
    {
        var rules = Path.Combine(DataDirectory, "pg_hba.conf");
        await File.WriteAllTextAsync(rules, $"host all {user} 127.0.0.1/32 scram-sha-256\n{await File.ReadAllTextAsync(rules)}");
        await using var connection = new NpgsqlConnection(ConnectionString("postgres", pooling: false));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE USER {user} PASSWORD '{password}'; SELECT pg_reload_conf()", connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Kills the server with SIGKILL, as a crash of its machine's process would.</summary>
    public async Task KillAsync()
    {
        var postmaster = int.Parse(File.ReadLines(Path.Combine(DataDirectory, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        using var process = Process.GetProcessById(postmaster);
        process.Kill();
        await EndGuardsAsync();
    }

    /// <summary>Starts the server, also again after <see cref="KillAsync"/>, and returns when it answers.</summary>
    public async Task StartAsync()
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            var guard = Spawn(["sh", "-c", Guard, "sh", LogFile, .. Unprivileged(), Path.Combine(binaries, "postgres"), "-D", DataDirectory,
                "-c", $"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=200", .. Settings.SelectMany(setting => (string[])["-c", setting])]);
            guards.Add(guard);
            if (await AnswersAsync(TimeSpan.FromSeconds(5)))
            {
                return;
            }

            // After a kill the old server's children may hold its memory for a moment; then the first start is refused.
            if (deadline.Elapsed > TimeSpan.FromSeconds(60))
            {
                throw new InvalidOperationException($"PostgreSQL did not start: {await File.ReadAllTextAsync(LogFile)}");
            }
        }
    }

    private async Task EndGuardsAsync()
    {
        foreach (var guard in guards)
        {
            guard.StandardInput.Close();
            await guard.WaitForExitAsync();
            guard.Dispose();
        }

        guards.Clear();
    }

    private static string FindBinaries()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        try
        {
            using var config = Spawn(["pg_config", "--bindir"]);
            folders.Add(config.StandardOutput.ReadToEnd().Trim());
        }
        catch (Win32Exception)
        {
            // No pg_config; the other places remain.
        }

        const string Debian = "/usr/lib/postgresql";
        if (Directory.Exists(Debian))
        {
            folders.AddRange(Directory.GetDirectories(Debian)
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin")));
        }

        return folders.Find(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            ?? throw new InvalidOperationException("these tests need a PostgreSQL server and found no initdb and postgres: install PostgreSQL (package `postgresql`)");
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string[] Unprivileged() => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        : [];

    private static Process Spawn(string[] command) => Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = "/",
    })!;

    private static async Task RunAsync(params string[] command)
    {
        using var process = Spawn(command);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {errors} {await output}");
        }
    }

    private async Task<bool> AnswersAsync(TimeSpan limit)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < limit)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres", pooling: false));
                await connection.OpenAsync();
                return true;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private string ConnectionString(string database, bool pooling) =>
        $"Host=127.0.0.1;Port={port};Username=postgres;Database={database};Pooling={pooling};SSL Mode=Disable";
}
