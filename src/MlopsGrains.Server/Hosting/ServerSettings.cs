using System.Net;
using MlopsGrains.Server.Hosting.Start;
using Npgsql;

namespace MlopsGrains.Server.Hosting;

/// <summary>Which parts of the platform a process runs.</summary>
public enum ServerRole
{
    /// <summary>Silo and gateway in one process.</summary>
    All,

    /// <summary>Grains only.</summary>
    Silo,

    /// <summary>Doors only; a client of the cluster's silos.</summary>
    Gateway,
}

/// <summary>Where state is kept.</summary>
public enum StorageEngine
{
    /// <summary>An embedded database file in the data directory: one silo.</summary>
    Sqlite,

    /// <summary>PostgreSQL: any number of silos.</summary>
    Postgres,

    /// <summary>SQLite for documents, and a journal that forgets: for measuring what storage costs, nothing else.</summary>
    NoOp,
}

/// <summary>Everything the server needs to know before it starts.</summary>
public sealed record ServerSettings
{
    public const string DefaultUrl = "http://127.0.0.1:5080";

    public ServerRole Role { get; init; } = ServerRole.All;

    public StorageEngine Storage { get; init; } = StorageEngine.Sqlite;

    /// <summary>Where the PostgreSQL database is, in Npgsql's form or as a <c>postgres://</c> URL; needed with <see cref="StorageEngine.Postgres"/>.</summary>
    public string? Connection { get; init; }

    /// <summary>How long a start waits for the PostgreSQL server to answer.</summary>
    public TimeSpan DatabaseWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Holds the database file and, unless <see cref="BlobDirectory"/> says otherwise, the blobs.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>The blob folder; every process of a cluster must see the same one.</summary>
    public string? BlobDirectory { get; init; }

    /// <summary>Addresses to listen on, separated by semicolons.</summary>
    public string Urls { get; init; } = DefaultUrl;

    /// <summary>Address that other silos reach this one at.</summary>
    public IPAddress AdvertisedAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Silo-to-silo port; 0 picks a free one.</summary>
    public int SiloPort { get; init; }

    /// <summary>Port for gateway processes; 0 picks a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Names one running cluster in a database.</summary>
    public string ClusterId { get; init; } = "mlops";

    /// <summary>The connection in Npgsql's form.</summary>
    public string? ConnectionString => Connection is null ? null : PostgresConnection.Read(Connection).Connection;

    public string DatabaseFile => Path.Combine(DataDirectory, "mlops.db");

    public IEnumerable<string> Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Where the data is, for people.</summary>
    public string Place => Storage == StorageEngine.Postgres
        ? $"PostgreSQL at {new NpgsqlConnectionStringBuilder(ConnectionString).Host}, blobs in {BlobDirectoryOrDefault}"
        : DataDirectory;

    /// <summary>Signs the marks of what was acknowledged; without one the database's own id does.</summary>
    public string? MarkKey { get; init; }

    /// <summary>Starts on a database that lacks what was acknowledged from it.</summary>
    public bool AcceptLoss { get; init; }

    /// <summary>Beside the blobs: what damages the database does not reach it.</summary>
    public string MarkDirectory => Path.Combine(BlobDirectoryOrDefault, "marks");

    public string BlobDirectoryOrDefault => BlobDirectory ?? Path.Combine(DataDirectory, "blobs");

    /// <summary>Every fault of these settings, each naming its option.</summary>
    public IEnumerable<string> Faults(bool authenticationConfigured)
    {
        if (Storage == StorageEngine.Postgres && string.IsNullOrWhiteSpace(Connection))
        {
            yield return "--connection is required with --storage postgres.";
        }

        if (Storage == StorageEngine.Postgres && !string.IsNullOrWhiteSpace(Connection) && PostgresConnection.Read(Connection).Fault is { } fault)
        {
            yield return fault;
        }

        if (Storage != StorageEngine.Postgres && !string.IsNullOrWhiteSpace(Connection))
        {
            yield return $"--connection is given, but --storage is {Storage.ToString().ToLowerInvariant()}: add --storage postgres, or leave the connection out.";
        }

        if (DatabaseWait < TimeSpan.Zero || DatabaseWait > TimeSpan.FromHours(1))
        {
            yield return $"--database-wait is {DatabaseWait.TotalSeconds:0}; expected 0 to 3600 seconds.";
        }

        if (Storage != StorageEngine.Postgres && Role != ServerRole.All)
        {
            yield return $"--role {Role.ToString().ToLowerInvariant()} needs --storage postgres: the embedded database serves one process.";
        }

        foreach (var (option, port) in new[] { ("--silo-port", SiloPort), ("--gateway-port", GatewayPort) })
        {
            if (port is < 0 or > 65535)
            {
                yield return $"{option} is {port}; expected 0 (any free port) to 65535.";
            }
        }

        if (!Addresses.Any())
        {
            yield return $"--urls is empty; expected addresses such as {DefaultUrl}.";
        }

        foreach (var url in Addresses)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                yield return $"--urls holds '{url}'; expected addresses such as {DefaultUrl}.";
            }
            else if (!ListenAddresses.IsLocal(url) && !authenticationConfigured)
            {
                yield return ListenAddresses.Open($"--urls holds '{url}'");
            }
        }
    }
}
