using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MlopsGrains.Storage;

/// <summary>How every connection to the file is set up: WAL, and a commit that has reached the disk when it returns.</summary>
internal static class SqliteConnections
{
    /// <summary>
    /// Pages of the write-ahead log before a commit copies them back: 32 MiB, so that hot pages are copied and flushed once per many commits. Below
    /// journal_size_limit, or the log's file would be cut and allocated anew each time.
    /// </summary>
    private const int CheckpointPages = 4096;

    /// <summary>Decided when the file is created. With 4 KiB three entries of 1 KiB fill a page; this size measured a quarter more appends a second.</summary>
    private const int PageBytes = 8192;

    public static SqliteConnection Open(string path, TimeSpan busyTimeout, bool readOnly = false, long pagesMax = uint.MaxValue - 1)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)busyTimeout.TotalSeconds),
        }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = string.Create(CultureInfo.InvariantCulture, $"""
                PRAGMA busy_timeout = {(long)busyTimeout.TotalMilliseconds};
                PRAGMA page_size = {PageBytes};
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA wal_autocheckpoint = {CheckpointPages};
                PRAGMA journal_size_limit = 67108864;
                PRAGMA cache_size = {(readOnly ? -8192 : -65536)};
                PRAGMA max_page_count = {pagesMax};
                PRAGMA query_only = {(readOnly ? "ON" : "OFF")};
                """);
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
