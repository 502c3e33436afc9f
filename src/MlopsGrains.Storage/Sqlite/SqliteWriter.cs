using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>The one thread that writes: takes everything that waits, commits it in one transaction, answers, and again.</summary>
internal sealed partial class SqliteWriter
{
    private readonly SqliteStorageOptions options;
    private readonly WriteQueue queue;
    private readonly StorageMetrics metrics;
    private readonly DamageList damage;
    private readonly MarkKeeper? marks;
    private readonly ILogger logger;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SqliteTransaction? transaction;

    public SqliteWriter(SqliteStorageOptions options, WriteQueue queue, StorageMetrics metrics, DamageList damage, MarkKeeper? marks, ILogger logger)
    {
        this.options = options;
        this.queue = queue;
        this.metrics = metrics;
        this.damage = damage;
        this.marks = marks;
        this.logger = logger;
        transaction = Open();
        new Thread(Run) { Name = "MlopsGrains.Storage.SqliteWriter", IsBackground = true }.Start();
    }

    /// <summary>Ends when the queue was closed and everything in it is answered.</summary>
    public Task Ended => ended.Task;

    private SqliteTransaction Open() => new(SqliteConnections.Open(options.Path, options.BusyTimeout, pagesMax: options.PagesMax));

    private void Run()
    {
        var batch = new WriteQueue.Batch();
        try
        {
            while (Wait())
            {
                queue.Take(batch, options.BatchLengthMax, options.BatchBytesMax);
                var started = Stopwatch.GetTimestamp();
                if (batch.Operations.Count > 0)
                {
                    Commit(batch.Operations, started);
                }

                queue.Release(batch, Stopwatch.GetElapsedTime(started));
                batch.Clear();
            }

            transaction?.Dispose();
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private bool Wait()
    {
        var waiting = queue.WaitAsync();
        return waiting.IsCompletedSuccessfully ? waiting.Result : waiting.AsTask().GetAwaiter().GetResult();
    }

    private void Commit(List<WriteOperation> operations, long started)
    {
        try
        {
            transaction ??= Open();
            transaction.Commit(operations);
            options.Committed?.Invoke();
        }
        catch (SqliteException exception) when (SqliteDamage.Is(exception) && operations.Count > 1)
        {
            // A damaged page is in the way of one operation, or of few. Alone, only those fail.
            foreach (var operation in operations)
            {
                Commit([operation], Stopwatch.GetTimestamp());
            }

            return;
        }
        catch (Exception exception)
        {
            // Whatever it is, it belongs to the callers of this batch; the writer must live on for the next.
            Fail(operations, exception);
            return;
        }

        metrics.Committed(operations.Count, Stopwatch.GetElapsedTime(started));
        marks?.Acknowledge(operations);
        foreach (var operation in operations)
        {
            operation.Complete();
        }
    }

    private void Fail(List<WriteOperation> operations, Exception exception)
    {
        metrics.Failed();
        if (exception is SqliteException damaged && SqliteDamage.Is(damaged))
        {
            damage.Report(SqliteDamage.Of(options.Path, operations[0].Name, damaged));
        }

        LogCommitFailed(exception, operations.Count);
        var failure = new JournalUnavailableException($"the commit to {Path.GetFileName(options.Path)} failed and nothing of it was stored: {exception.Message}", exception);
        foreach (var operation in operations)
        {
            operation.Fail(failure);
        }

        // After an I/O error the connection's own state is in doubt; a new one recovers the file.
        if (exception is not SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_FULL })
        {
            transaction?.Dispose();
            transaction = null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A commit of {Operations} operations failed; their callers were told")]
    private partial void LogCommitFailed(Exception exception, int operations);
}
