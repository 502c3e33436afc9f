using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
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
    private readonly DamageList damage;
    private SqliteWriter? writer;
    private MarkKeeper? marks;
    private int disposed;

    public SqliteStore(SqliteStorageOptions options, ILogger<SqliteStore>? logger = null, IMeterFactory? meters = null, DamageList? damage = null)
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
        this.damage = damage ?? new DamageList();
    }

    internal long BatchesTaken => queue.BatchesTaken;

    /// <summary>Creates and starts a store, for callers without a host.</summary>
    public static async Task<SqliteStore> OpenAsync(SqliteStorageOptions options, CancellationToken cancellationToken = default)
    {
        var store = new SqliteStore(options);
        await store.StartAsync(cancellationToken);
        return store;
    }

    /// <summary>Migrates the file, holds it against its marks and starts the writer. A second call does nothing.</summary>
    /// <exception cref="StorageRefusedException">The file lacks what was acknowledged.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (writer is null)
        {
            var evidence = await Task.Run(KeepDamagedLog, cancellationToken);
            await StorageMigrator.MigrateSqliteAsync(options.Path, cancellationToken);
            marks = await Task.Run(() => PassMarksAsync(evidence, cancellationToken), cancellationToken);
            writer = await Task.Run(() => new SqliteWriter(options, queue, metrics, damage, marks, logger), cancellationToken);
        }
    }

    public Task CheckAsync(CancellationToken cancellationToken = default) => metrics.Fails ? JournalProbe.WriteAsync(this, cancellationToken) : Task.CompletedTask;

    /// <summary>Stops accepting, commits what waits, closes.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        queue.Close();
        if (writer is not null)
        {
            await writer.Ended.WaitAsync(cancellationToken);
        }

        if (marks is not null)
        {
            await marks.DisposeAsync();
            marks = null;
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

    public Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        ArgumentNullException.ThrowIfNull(options);
        var bytes = JournalGuard.Entries(expectedVersion, entries) + JournalGuard.Intents(options.Intents ?? []);
        return Enqueue(new AppendOperation(stream, expectedVersion, entries, bytes, options), cancellationToken);
    }

    public Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default)
    {
        var bytes = JournalGuard.Snapshot(stream, version, payload, chunks ?? []);
        return Enqueue(new SnapshotOperation(stream, version, payload, chunks ?? [], bytes), cancellationToken);
    }

    public Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        return Enqueue(new DeleteOperation(stream, intents, JournalGuard.Intents(intents)), cancellationToken);
    }

    public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        return ReadAsync(stream, reader => reader.ReadStream(stream, aroundDamage: false), cancellationToken);
    }

    public async Task<JournalSlice> ReadAroundDamageAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        var slice = await ReadAsync(stream, reader => reader.ReadStream(stream, aroundDamage: true), cancellationToken);
        damage.Report(slice.Damaged.Values);
        return slice;
    }

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Chunks(stream, series, first, limit);
        return ReadAsync($"{stream} {series}", reader => reader.ReadChunks(stream, series, first, limit), cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Listing(prefix, after, limit);
        return ReadAsync($"names {prefix}", reader => reader.ListStreams(prefix, after, limit), cancellationToken);
    }

    public Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Limit(limit);
        return ReadAsync("intents", reader => reader.ReadIntents(limit), cancellationToken);
    }

    public Task<long> CountIntentsAsync(CancellationToken cancellationToken = default) => ReadAsync("intents", reader => reader.CountIntents(), cancellationToken);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadPayloadsAsync(string except, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(except);
        (int, long)? next = (0, long.MinValue);
        while (next is { } from)
        {
            var page = await ReadAsync("all payloads", reader => reader.ReadPayloads(from, except), cancellationToken);
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
        return ReadAsync($"{kind}/{key}", reader => reader.ReadRecord(kind, key), cancellationToken);
    }

    public Task<long?> WriteAsync(
        string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default)
    {
        JournalGuard.Name(kind, nameof(kind));
        JournalGuard.Name(key, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNegative(expectedVersion);
        JournalGuard.Payload(payload ?? default, RecordLimits.PayloadBytesMax);
        return Enqueue(new RecordOperation(kind, key, expectedVersion, payload, intents, JournalGuard.Intents(intents)), cancellationToken);
    }

    /// <summary>SQLite drops what follows the damage, so the log is kept first: somebody may be able to read more out of it.</summary>
    private string? KeepDamagedLog()
    {
        var log = options.Path + "-wal";
        if (!File.Exists(log) || WalScan.FindDamage(log) is not { } frame)
        {
            return null;
        }

        var copy = string.Create(CultureInfo.InvariantCulture, $"{log}.damaged-{TimeProvider.System.GetUtcNow().UtcDateTime:yyyyMMddHHmmss}");
        File.Copy(log, copy, overwrite: true);
        var found = new StoredDamage(
            "database", Path.GetFileName(log), $"frame {frame}", $"it is not what was written, and whole transactions follow it, which SQLite drops; the log as it was found is kept as {copy}");
        damage.Report(found);
        return found.ToString();
    }

    private async Task<MarkKeeper?> PassMarksAsync(string? evidence, CancellationToken cancellationToken)
    {
        if (options.Marks.Open() is not { } folder)
        {
            return null;
        }

        using var connection = SqliteConnections.Open(options.Path, options.BusyTimeout, readOnly: true);
        var stored = new SqliteMarkedStore(connection, options.Path);
        var heads = await MarkGate.PassAsync(folder, stored, damage, options.Marks.AcceptLoss, evidence, cancellationToken);
        return new MarkKeeper(folder, "sqlite", await stored.StoreIdAsync(cancellationToken), stored.Writes(), heads, [.. options.Marks.Watched], logger);
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

    private async Task<T> ReadAsync<T>(string what, Func<SqliteReader, T> read, CancellationToken cancellationToken)
    {
        ThrowIfNotStarted();
        try
        {
            return await readers.ReadAsync(read, cancellationToken);
        }
        catch (StoredDamageException e)
        {
            damage.Report(e.Damage);
            throw;
        }
        catch (SqliteException e) when (SqliteDamage.Is(e))
        {
            var found = SqliteDamage.Of(options.Path, what, e);
            damage.Report(found);
            throw new StoredDamageException(found, e);
        }
    }

    private void ThrowIfNotStarted()
    {
        if (writer is null)
        {
            throw new InvalidOperationException("the SQLite store is not started: call StartAsync, or let the host start it");
        }
    }
}
