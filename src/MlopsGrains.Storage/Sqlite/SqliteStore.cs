using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Migrations;
using MlopsGrains.Storage.Records;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>Journal and records in one SQLite file, behind one group-committing writer. Usable after <see cref="StartAsync"/>.</summary>
public sealed class SqliteStore : IJournal, IRecordStore, IPayloadScan, IStorageEngine, IAsyncDisposable
{
    private readonly SqliteStorageOptions options;
    private readonly ILogger logger;
    private readonly WriteQueue queue;
    private readonly StorageMetrics metrics;
    private readonly SqliteReaders readers;
    private SqliteWriter? writer;
    private int disposed;

    public SqliteStore(SqliteStorageOptions options, ILogger<SqliteStore>? logger = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = options.Faults().ToArray();
        if (faults.Length > 0)
        {
            throw new OptionsValidationException(nameof(SqliteStorageOptions), typeof(SqliteStorageOptions), faults);
        }

        this.options = options;
        this.logger = logger ?? NullLogger<SqliteStore>.Instance;
        queue = new WriteQueue(options.QueueLengthMax, options.QueueBytesMax, writerBlocks: true);
        metrics = new StorageMetrics(meters, "sqlite", () => queue.Length);
        readers = new SqliteReaders(options);
    }

    internal long BatchesTaken => queue.BatchesTaken;

    /// <summary>Creates and starts a store, for callers without a host.</summary>
    public static async Task<SqliteStore> OpenAsync(SqliteStorageOptions options, CancellationToken cancellationToken = default)
    {
        var store = new SqliteStore(options);
        await store.StartAsync(cancellationToken);
        return store;
    }

    /// <summary>Migrates the file and starts the writer. A second call does nothing.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (writer is null)
        {
            await StorageMigrator.MigrateSqliteAsync(options.Path, cancellationToken);
            writer = await Task.Run(() => new SqliteWriter(options, queue, metrics, logger), cancellationToken);
        }
    }

    /// <summary>Stops accepting, commits what waits, closes.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        queue.Close();
        if (writer is not null)
        {
            await writer.Ended.WaitAsync(cancellationToken);
        }

        await readers.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await StopAsync();
        readers.Dispose();
        metrics.Dispose();
    }

    public Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        var bytes = JournalGuard.Entries(expectedVersion, entries);
        return Enqueue(new AppendOperation(stream, expectedVersion, entries, bytes), cancellationToken);
    }

    public Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default)
    {
        var bytes = JournalGuard.Snapshot(stream, version, payload, chunks ?? []);
        return Enqueue(new SnapshotOperation(stream, version, payload, chunks ?? [], bytes), cancellationToken);
    }

    public Task DeleteStreamAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        return Enqueue(new DeleteOperation(stream), cancellationToken);
    }

    public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        return ReadAsync(reader => reader.ReadStream(stream), cancellationToken);
    }

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Chunks(stream, series, first, limit);
        return ReadAsync(reader => reader.ReadChunks(stream, series, first, limit), cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Listing(prefix, after, limit);
        return ReadAsync(reader => reader.ListStreams(prefix, after, limit), cancellationToken);
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadPayloadsAsync(string except, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(except);
        (int, long)? next = (0, long.MinValue);
        while (next is { } from)
        {
            var page = await ReadAsync(reader => reader.ReadPayloads(from, except), cancellationToken);
            foreach (var payload in page.Payloads)
            {
                yield return payload;
            }

            next = page.Next;
        }
    }

    public Task<StoredRecord?> ReadAsync(string kind, string key, CancellationToken cancellationToken = default)
    {
        JournalGuard.Name(kind, nameof(kind));
        JournalGuard.Name(key, nameof(key));
        return ReadAsync(reader => reader.ReadRecord(kind, key), cancellationToken);
    }

    public Task<long?> WriteAsync(string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken = default)
    {
        JournalGuard.Name(kind, nameof(kind));
        JournalGuard.Name(key, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNegative(expectedVersion);
        JournalGuard.Payload(payload ?? default, RecordLimits.PayloadBytesMax);
        return Enqueue(new RecordOperation(kind, key, expectedVersion, payload), cancellationToken);
    }

    private Task<T> Enqueue<T>(WriteOperation<T> operation, CancellationToken cancellationToken)
    {
        ThrowIfNotStarted();
        try
        {
            queue.Enqueue(operation, cancellationToken);
            return operation.Completion;
        }
        catch (JournalFullException exception)
        {
            metrics.Refused();
            return Task.FromException<T>(exception);
        }
        catch (OperationCanceledException)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }
        catch (JournalUnavailableException exception)
        {
            return Task.FromException<T>(exception);
        }
    }

    private Task<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellationToken)
    {
        ThrowIfNotStarted();
        return readers.ReadAsync(read, cancellationToken);
    }

    private void ThrowIfNotStarted()
    {
        if (writer is null)
        {
            throw new InvalidOperationException("the SQLite store is not started: call StartAsync, or let the host start it");
        }
    }
}
