using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Writing;
using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>
/// One writer with one connection, for the streams that hash to it. It takes everything that waits and stores it with one statement. When the
/// connection breaks it connects again, learns by the entries' ids what was committed, and repeats the rest, so its callers get an answer.
/// </summary>
internal sealed partial class PostgresLane
{
    private static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(1);

    /// <summary>Who stops is waited for.</summary>
    private static readonly TimeSpan RecoveryWhenClosed = TimeSpan.FromSeconds(2);

    private readonly PostgresStorageOptions options;
    private readonly NpgsqlDataSource source;
    private readonly StorageMetrics metrics;
    private readonly MarkKeeper? marks;
    private readonly ILogger logger;
    private readonly int timeoutSeconds;

    public PostgresLane(PostgresStorageOptions options, NpgsqlDataSource source, WriteQueue queue, StorageMetrics metrics, MarkKeeper? marks, ILogger logger)
    {
        this.options = options;
        this.source = source;
        this.metrics = metrics;
        this.marks = marks;
        this.logger = logger;
        timeoutSeconds = (int)options.CommandTimeout.TotalSeconds;
        Queue = queue;
        Ended = Task.Run(RunAsync);
    }

    public WriteQueue Queue { get; }

    /// <summary>Ends when the queue was closed and everything in it is answered.</summary>
    public Task Ended { get; }

    private async Task RunAsync()
    {
        var batch = new WriteQueue.Batch();
        while (await Queue.WaitAsync())
        {
            Queue.Take(batch, options.BatchLengthMax, options.BatchBytesMax);
            var started = Stopwatch.GetTimestamp();
            foreach (var round in Rounds(batch.Operations))
            {
                await StoreAsync([.. round.OfType<AppendOperation>()], StoreAppendsAsync);
                await StoreAsync([.. round.OfType<SnapshotOperation>()], StoreSnapshotsAsync);
                await StoreAsync([.. round.OfType<DeleteOperation>()], DeleteAsync);
            }

            Queue.Release(batch, Stopwatch.GetElapsedTime(started));
            batch.Clear();
        }

        await DisconnectAsync();
    }

    /// <summary>Splits a batch so that each part holds a stream at most once, in the queue's order; almost always there is one part.</summary>
    private static IEnumerable<List<WriteOperation>> Rounds(List<WriteOperation> operations)
    {
        while (operations.Count > 0)
        {
            var seen = new HashSet<string>(operations.Count, StringComparer.Ordinal);
            var round = new List<WriteOperation>(operations.Count);
            var later = new List<WriteOperation>();
            foreach (var operation in operations)
            {
                (seen.Add(((StreamOperation)operation).Stream) ? round : later).Add(operation);
            }

            yield return round;
            operations = later;
        }
    }

    private async Task StoreAsync<T>(List<T> operations, Func<List<T>, bool, Task> store)
        where T : WriteOperation
    {
        if (operations.Count == 0)
        {
            return;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            await UntilKnownAsync(operations, store);
        }
        catch (PostgresException) when (operations.Count > 1)
        {
            // The server refused the whole statement for the sake of one operation. Alone, only that one fails.
            foreach (var operation in operations)
            {
                await StoreAsync([operation], store);
            }

            return;
        }
        catch (Exception exception)
        {
            // Whatever it is, it belongs to the callers of this batch; the lane must live on for the next.
            metrics.Failed();
            LogFailed(exception, operations.Count);
            var failure = exception as JournalUnavailableException
                ?? new JournalUnavailableException($"the database refused the write and nothing of it was stored: {exception.Message}", exception);
            operations.ForEach(operation => operation.Fail(failure));
            return;
        }

        metrics.Committed(operations.Count, Stopwatch.GetElapsedTime(started));
        marks?.Acknowledge(operations);
        operations.ForEach(operation => operation.Complete());
    }

    /// <summary>Repeats over broken connections until the outcome is known or the time is up.</summary>
    private async Task UntilKnownAsync<T>(List<T> operations, Func<List<T>, bool, Task> store)
    {
        var started = Stopwatch.GetTimestamp();
        var doubtful = false;
        for (var backoff = BackoffMin; ; backoff = backoff * 2 < BackoffMax ? backoff * 2 : BackoffMax)
        {
            try
            {
                await ConnectAsync();
                await store(operations, doubtful);
                return;
            }
            catch (Exception exception) when (IsTransient(exception))
            {
                doubtful |= connection is not null;
                LogRetrying(exception, operations.Count);
                await DropConnectionAsync();
                var patience = Queue.IsClosed && options.RecoveryTimeout > RecoveryWhenClosed ? RecoveryWhenClosed : options.RecoveryTimeout;
                if (Stopwatch.GetElapsedTime(started) + backoff > patience)
                {
                    throw new JournalUnavailableException(
                        $"the database was not reachable for {patience}; {(doubtful ? "whether the write was stored is not known" : "nothing was written")}", exception);
                }

                await Task.Delay(backoff);
            }
        }
    }

    private async Task StoreAppendsAsync(List<AppendOperation> appends, bool doubtful)
    {
        var open = (doubtful ? await ResolveAsync(appends) : appends).FindAll(append => !append.RefuseIfLate());
        if (open.Count == 0)
        {
            return;
        }

        var won = await InsertAsync(open);
        var lost = new List<AppendOperation>();
        for (var i = 0; i < open.Count; i++)
        {
            open[i].Outcome = won.Contains(i);
            if (!open[i].Outcome)
            {
                lost.Add(open[i]);
            }
        }

        // The attempt that was cut off may have been still running when we asked, and have won against our repetition.
        if (doubtful && lost.Count > 0)
        {
            await ResolveAsync(lost);
        }
    }

    /// <summary>Answers what the ids can answer and returns the rest.</summary>
    private async Task<List<AppendOperation>> ResolveAsync(List<AppendOperation> appends)
    {
        var fates = await FindAsync(appends);
        var open = new List<AppendOperation>();
        for (var i = 0; i < appends.Count; i++)
        {
            switch (fates[i])
            {
                case Fate.Stored:
                    appends[i].Outcome = true;
                    break;
                case Fate.Truncated:
                    appends[i].Refusal = new JournalUnavailableException(
                        $"the connection broke during an append to stream \"{appends[i].Stream}\" and another writer has truncated it since; whether the append was stored is not known");
                    break;
                default:
                    open.Add(appends[i]);
                    break;
            }
        }

        return open;
    }

    private async Task StoreSnapshotsAsync(List<SnapshotOperation> snapshots, bool doubtful)
    {
        // Repeating is harmless: an equal version is ignored.
        foreach (var (index, head) in await PutAsync(snapshots))
        {
            snapshots[index].RefuseAsAhead(head);
        }
    }

    private async Task DropConnectionAsync()
    {
        try
        {
            await DisconnectAsync();
        }
        catch (Exception exception) when (exception is NpgsqlException or IOException or SocketException or InvalidOperationException)
        {
            // It was broken; a new one follows.
            appendCommand = appendWithIntentsCommand = null;
            connection = null;
        }
    }

    private static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.IsTransient
            || postgres.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.DatabaseDropped,
        NpgsqlException or IOException or SocketException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A write of {Operations} operations met a broken connection; it is tried again")]
    private partial void LogRetrying(Exception exception, int operations);

    [LoggerMessage(Level = LogLevel.Error, Message = "A write of {Operations} operations failed; their callers were told")]
    private partial void LogFailed(Exception exception, int operations);
}
