using System.Diagnostics;
using Npgsql;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>Waits until the database server takes connections, and says why it does not.</summary>
internal static class DatabaseGate
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the database takes connections. A refusal that waiting cannot mend ends it at once.</summary>
    /// <exception cref="InvalidSettingsException">What keeps the program out of the database.</exception>
    public static async Task PassAsync(string connectionString, TimeSpan wait, Action<string> say, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5 };
        var waited = Stopwatch.StartNew();
        var told = false;
        while (true)
        {
            try
            {
                await using var session = new NpgsqlConnection(connection.ConnectionString);
                await session.OpenAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (!e.IsTransient)
            {
                throw new InvalidSettingsException([Refused(e, connection)]);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                var reason = (e.InnerException ?? e).Message.TrimEnd('.');
                if (waited.Elapsed >= wait)
                {
                    throw new InvalidSettingsException([
                        $"--connection: no PostgreSQL server answers at {connection.Host}:{connection.Port} after {wait.TotalSeconds:0} s ({reason}). Start it, correct the address, or wait longer with --database-wait."]);
                }

                if (!told)
                {
                    say($"Waiting up to {wait.TotalSeconds:0} s for PostgreSQL at {connection.Host}:{connection.Port} ({reason})…");
                    told = true;
                }

                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    private static string Refused(PostgresException e, NpgsqlConnectionStringBuilder connection) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword => $"--connection: PostgreSQL at {connection.Host}:{connection.Port} refused the password of user '{connection.Username}'.",
        PostgresErrorCodes.InvalidAuthorizationSpecification => $"--connection: PostgreSQL at {connection.Host}:{connection.Port} refused user '{connection.Username}': {e.MessageText}.",
        PostgresErrorCodes.InvalidCatalogName =>
            $"--connection: there is no database '{connection.Database}' at {connection.Host}:{connection.Port}. Create it (createdb {connection.Database}), or name another one.",
        _ => $"--connection: PostgreSQL at {connection.Host}:{connection.Port} refused: {e.MessageText} ({e.SqlState}).",
    };
}
