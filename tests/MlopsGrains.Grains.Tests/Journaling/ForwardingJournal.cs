using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Sqlite;

namespace MlopsGrains.Grains.Tests.Journaling;

/// <summary>The silo's journal with something in between.</summary>
internal abstract class ForwardingJournal : IJournal
{
    private SqliteStore inner = null!;

    public void Over(ISiloBuilder silo) => silo.Services.Replace(ServiceDescriptor.Singleton<IJournal>(services =>
    {
        inner = services.GetRequiredService<SqliteStore>();
        return this;
    }));

    public virtual Task<bool> AppendAsync(
        string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(stream, expectedVersion, entries, options, cancellationToken);

    public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default) => inner.ReadAsync(stream, cancellationToken);

    public Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default) =>
        inner.WriteSnapshotAsync(stream, version, payload, chunks, cancellationToken);

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default) =>
        inner.ReadChunksAsync(stream, series, first, limit, cancellationToken);

    public virtual Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default) =>
        inner.DeleteStreamAsync(stream, intents, cancellationToken);

    public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default) =>
        inner.ListStreamsAsync(prefix, after, limit, cancellationToken);

    public Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default) => inner.ReadIntentsAsync(limit, cancellationToken);

    public Task<long> CountIntentsAsync(CancellationToken cancellationToken = default) => inner.CountIntentsAsync(cancellationToken);
}
