using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Migrations;
using MlopsGrains.Storage.Writing;
using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>The journal in a PostgreSQL database, behind a few group-committing lanes. Usable after <see cref="StartAsync"/>.</summary>
public sealed class PostgresJournal : IJournal, IPayloadScan, IStorageEngine, IAsyncDisposable
{
    /// <summary>Behind LIMIT 1 entries are looked up one by one: the planner cannot join them by reading the table whole.</summary>
    internal const string EntrySql = "SELECT e.id, e.stream, e.version, e.previous, e.payload, e.checksum FROM journal e WHERE";

    // Head, snapshot, then the entries from the newest back.
    private const string ReadSql = $"""
        WITH RECURSIVE head AS MATERIALIZED (
          SELECT h.id AS stream, h.version, h.entry, s.version AS covered, s.payload, s.checksum FROM stream_head h LEFT JOIN snapshot s ON s.stream = h.stream WHERE h.stream = $1),
        walk AS (
          SELECT e.stream, e.version, e.previous, e.payload, e.checksum, coalesce(head.covered, 0) AS covered
          FROM head CROSS JOIN LATERAL ({EntrySql} e.id = head.entry AND e.stream = head.stream AND e.version = head.version LIMIT 1) e
          WHERE head.version > coalesce(head.covered, 0)
          UNION ALL
          SELECT e.stream, e.version, e.previous, e.payload, e.checksum, walk.covered
          FROM walk CROSS JOIN LATERAL ({EntrySql} e.id = walk.previous AND e.stream = walk.stream AND e.version = walk.version - 1 LIMIT 1) e
          WHERE walk.version - 1 > walk.covered)
        SELECT version, covered, payload, checksum FROM head
        UNION ALL
        SELECT version, NULL, payload, checksum FROM walk
        """;

    private const string ChunksSql = "SELECT payload, number, checksum FROM chunk WHERE stream = $1 AND series = $2 AND number >= $3 ORDER BY number LIMIT $4";

    private const string IntentsSql = "SELECT id, payload FROM intent ORDER BY id LIMIT $1";

    private const string ListSql = """
        SELECT stream FROM stream_head h WHERE stream >= $1 AND stream > $2 AND stream <= $3
        AND NOT EXISTS (SELECT FROM snapshot s WHERE s.stream = h.stream AND s.version = h.version AND s.payload IS NULL)
        ORDER BY stream LIMIT $4
        """;

    private readonly PostgresStorageOptions options;
    private readonly NpgsqlDataSource source;
    private readonly ILogger logger;
    private readonly WriteQueue[] queues;
    private readonly StorageMetrics metrics;
    private readonly DamageList damage;
    private PostgresLane[]? lanes;
    private MarkKeeper? marks;
    private int disposed;

    /// <param name="options">Limits. <see cref="PostgresStorageOptions.ConnectionString"/> must describe <paramref name="source"/>.</param>
    /// <param name="source">Belongs to the caller.</param>
    /// <param name="logger">Optional.</param>
    /// <param name="meters">Optional.</param>
    /// <param name="damage">Optional.</param>
    public PostgresJournal(PostgresStorageOptions options, NpgsqlDataSource source, ILogger<PostgresJournal>? logger = null, IMeterFactory? meters = null, DamageList? damage = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        var faults = options.Faults().ToArray();
        if (faults.Length > 0)
        {
            throw new OptionsValidationException(nameof(PostgresStorageOptions), typeof(PostgresStorageOptions), faults);
        }

        this.options = options;
        this.source = source;
        this.damage = damage ?? new DamageList();
        this.logger = logger ?? NullLogger<PostgresJournal>.Instance;
        queues = [.. Enumerable.Range(0, options.Lanes).Select(_ => new WriteQueue(options.QueueLengthMax, options.QueueBytesMax, writerBlocks: false))];
        metrics = new StorageMetrics(meters, "postgres", () => queues.Sum(queue => queue.Length));
    }

    internal long BatchesTaken => queues.Sum(queue => queue.BatchesTaken);

    /// <summary>Creates and starts a journal, for callers without a host.</summary>
    public static async Task<PostgresJournal> OpenAsync(PostgresStorageOptions options, NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        var journal = new PostgresJournal(options, source);
        await journal.StartAsync(cancellationToken);
        return journal;
    }

    /// <summary>Migrates the database and starts the lanes. A second call does nothing.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (lanes is null)
        {
            await StorageMigrator.MigratePostgresAsync(source, cancellationToken);
            marks = await PassMarksAsync(cancellationToken);
            lanes = [.. queues.Select(queue => new PostgresLane(options, source, queue, metrics, marks, logger))];
        }
    }

    public async Task CheckAsync(CancellationToken cancellationToken = default)
    {
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
        }

        if (metrics.Fails)
        {
            await JournalProbe.WriteAsync(this, cancellationToken);
        }
    }

    /// <summary>Stops accepting, commits what waits, closes.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        foreach (var queue in queues)
        {
            queue.Close();
        }

        await Task.WhenAll((lanes ?? []).Select(lane => lane.Ended)).WaitAsync(cancellationToken);
        if (marks is not null)
        {
            await marks.DisposeAsync();
            marks = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            await StopAsync();
            metrics.Dispose();
        }
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
        return CheckedAsync(stream, () => ReadStreamAsync(source, stream, null, cancellationToken));
    }

    public async Task<JournalSlice> ReadAroundDamageAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        var damaged = new Dictionary<long, StoredDamage>();
        var slice = await CheckedAsync(stream, () => ReadStreamAsync(source, stream, damaged, cancellationToken));
        damage.Report(damaged.Values);
        return damaged.Count == 0 ? slice : slice with { Damaged = damaged };
    }

    internal static async Task<JournalSlice> ReadStreamAsync(NpgsqlDataSource source, string stream, Dictionary<long, StoredDamage>? damaged, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(ReadSql);
        command.Parameters.Add(new() { Value = stream });

        // One statement sees one state of the database: a truncation between two reads would look like a hole.
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return JournalSlice.Empty;
        }

        var version = reader.GetInt64(0);
        var snapshotVersion = reader.IsDBNull(1) ? 0 : reader.GetInt64(1);
        var snapshot = reader.IsDBNull(2) ? (ReadOnlyMemory<byte>?)null : reader.GetFieldValue<byte[]>(2);
        if (snapshot is { } state && !reader.IsDBNull(3))
        {
            JournalGuard.Snapshot(stream, snapshotVersion, state.Span, reader.GetInt64(3));
        }

        JournalGuard.Ends(stream, version, snapshotVersion);
        var entries = new ReadOnlyMemory<byte>[version - snapshotVersion];
        for (var i = entries.Length - 1; i >= 0; i--)
        {
            var isThere = await reader.ReadAsync(cancellationToken);
            JournalGuard.Found(stream, snapshotVersion + i + 1, isThere && reader.GetInt64(0) == snapshotVersion + i + 1);
            entries[i] = reader.GetFieldValue<byte[]>(2);
            if (!reader.IsDBNull(3) && JournalGuard.DamageOfEntry(stream, snapshotVersion + i + 1, entries[i].Span, reader.GetInt64(3)) is { } found)
            {
                (damaged ?? throw new StoredDamageException(found)).Add(snapshotVersion + i + 1, found);
                entries[i] = default;
            }
        }

        return new JournalSlice(snapshotVersion, snapshot, entries);
    }

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Chunks(stream, series, first, limit);
        return CheckedAsync($"{stream} {series}", () => ReadSeriesAsync(stream, series, first, limit, cancellationToken));
    }

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadSeriesAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(ChunksSql);
        command.Parameters.AddRange((NpgsqlParameter[])[new() { Value = stream }, new() { Value = series }, new() { Value = first }, new() { Value = limit }]);
        var payloads = new List<ReadOnlyMemory<byte>>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            payloads.Add(reader.GetFieldValue<byte[]>(0));
            if (!reader.IsDBNull(2))
            {
                JournalGuard.Chunk(stream, series, reader.GetInt64(1), payloads[^1].Span, reader.GetInt64(2));
            }
        }

        return payloads;
    }

    public async Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Listing(prefix, after, limit);
        ThrowIfNotStarted();
        await using var command = source.CreateCommand(ListSql);
        command.Parameters.AddRange((NpgsqlParameter[])[new() { Value = prefix }, new() { Value = after ?? "" }, new() { Value = prefix + JournalLimits.LastName }, new() { Value = limit }]);
        var names = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    public async Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Limit(limit);
        ThrowIfNotStarted();
        await using var command = source.CreateCommand(IntentsSql);
        command.Parameters.Add(new() { Value = limit });
        var intents = new List<Intent>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            intents.Add(new Intent(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        }

        return intents;
    }

    public async Task<long> CountIntentsAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfNotStarted();
        await using var command = source.CreateCommand("SELECT count(*) FROM intent");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadPayloadsAsync(string except, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(except);
        ThrowIfNotStarted();
        return PostgresPayloads.ReadAsync(source, except, cancellationToken);
    }

    /// <summary>A mark for each process, because several write; those of processes that are gone are removed once they were compared and are old.</summary>
    private async Task<MarkKeeper?> PassMarksAsync(CancellationToken cancellationToken)
    {
        if (options.Marks.Open() is not { } folder)
        {
            return null;
        }

        var stored = new PostgresMarkedStore(source);
        var heads = await MarkGate.PassAsync(folder, stored, damage, options.Marks.AcceptLoss, null, cancellationToken);
        folder.RemoveOlderThan(TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1));
        return new MarkKeeper(folder, $"postgres-{Guid.NewGuid():N}", await stored.StoreIdAsync(cancellationToken), -1, heads, [.. options.Marks.Watched], logger);
    }

    private async Task<T> CheckedAsync<T>(string what, Func<Task<T>> read)
    {
        ThrowIfNotStarted();
        try
        {
            return await read();
        }
        catch (StoredDamageException e)
        {
            damage.Report(e.Damage);
            throw;
        }
        catch (PostgresException e) when (PostgresDamage.Is(e))
        {
            var found = PostgresDamage.Of(what, e);
            damage.Report(found);
            throw new StoredDamageException(found, e);
        }
    }

    private Task<bool> Enqueue(StreamOperation operation, CancellationToken cancellationToken)
    {
        ThrowIfNotStarted();
        try
        {
            // Any hash will do: a stream must stay in its lane for the life of this process only.
            queues[(uint)operation.Stream.GetHashCode(StringComparison.Ordinal) % queues.Length].Enqueue(operation, cancellationToken);
            return operation.Completion;
        }
        catch (JournalFullException exception)
        {
            metrics.Refused();
            return Task.FromException<bool>(exception);
        }
        catch (OperationCanceledException)
        {
            return Task.FromCanceled<bool>(cancellationToken);
        }
        catch (JournalUnavailableException exception)
        {
            return Task.FromException<bool>(exception);
        }
    }

    private void ThrowIfNotStarted()
    {
        if (lanes is null)
        {
            throw new InvalidOperationException("the PostgreSQL journal is not started: call StartAsync, or let the host start it");
        }
    }
}
