using System.Collections.Concurrent;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>A few read connections, used from the thread pool because SQLite's calls block.</summary>
internal sealed class SqliteReaders(SqliteStorageOptions options) : IDisposable
{
    private readonly SemaphoreSlim free = new(options.ReadConnections, options.ReadConnections);
    private readonly ConcurrentBag<SqliteReader> idle = [];
    private volatile bool closed;

    public async Task<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellationToken)
    {
        await free.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Read(read), cancellationToken);
        }
        finally
        {
            free.Release();
        }
    }

    public async Task CloseAsync()
    {
        closed = true;
        for (var i = 0; i < options.ReadConnections; i++)
        {
            await free.WaitAsync();
        }

        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }

        free.Release(options.ReadConnections);
    }

    public void Dispose() => free.Dispose();

    private T Read<T>(Func<SqliteReader, T> read)
    {
        if (closed)
        {
            throw new JournalUnavailableException("the journal is closed");
        }

        if (!idle.TryTake(out var reader))
        {
            reader = new SqliteReader(SqliteConnections.Open(options.Path, options.BusyTimeout, readOnly: true));
        }

        try
        {
            var result = read(reader);
            idle.Add(reader);
            return result;
        }
        catch
        {
            // Its statements may stand half-way; a fresh one costs less than finding out.
            reader.Dispose();
            throw;
        }
    }
}
