using System.Collections.Concurrent;

namespace MlopsGrains.Storage.Journals;

/// <summary>
/// For measuring only: acknowledges and stores nothing, so that a run with it shows what everything but storage costs. It keeps each
/// stream's version in memory, therefore fences behave; reading returns an empty history, therefore nothing survives a deactivation.
/// </summary>
public sealed class NoOpJournal : IJournal
{
    private readonly ConcurrentDictionary<string, long> heads = new(StringComparer.Ordinal);

    public Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        JournalGuard.Entries(expectedVersion, entries);
        cancellationToken.ThrowIfCancellationRequested();
        var next = expectedVersion + entries.Count;
        return Task.FromResult(expectedVersion == 0 ? heads.TryAdd(stream, next) : heads.TryUpdate(stream, next, expectedVersion));
    }

    /// <summary>Forgets the stream's version as well: a reader that rebuilds from nothing starts again at 0.</summary>
    public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        heads.TryRemove(stream, out _);
        return Task.FromResult(JournalSlice.Empty);
    }

    public Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default)
    {
        JournalGuard.Snapshot(stream, version, payload, chunks ?? []);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Chunks(stream, series, first, limit);
        return Task.FromResult<IReadOnlyList<ReadOnlyMemory<byte>>>([]);
    }

    public Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default)
    {
        JournalGuard.Stream(stream);
        heads.TryRemove(stream, out _);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<Intent>>([]);

    public Task<long> CountIntentsAsync(CancellationToken cancellationToken = default) => Task.FromResult(0L);

    public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default)
    {
        JournalGuard.Listing(prefix, after, limit);
        return Task.FromResult<IReadOnlyList<string>>([.. heads.Keys
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, after) > 0)
            .Order(StringComparer.Ordinal)
            .Take(limit)]);
    }
}
