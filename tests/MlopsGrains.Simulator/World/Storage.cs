using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Records;

namespace MlopsGrains.Simulator.World;

/// <summary>The way of one process to the storage that all share.</summary>
internal sealed class StoragePath(Cluster cluster, Node self)
{
    public async Task<T> Write<T>(string what, Func<Task<T>> write, bool mayBeFull = true)
    {
        var roll = await Before(what);
        var rates = cluster.Dice.Rates;
        if (mayBeFull && roll.Happens(rates.Full))
        {
            cluster.Note($"no room for {what}");
            throw new JournalFullException("simulated: the queue is full; nothing was written", TimeSpan.FromMilliseconds(100));
        }

        if (roll.Happens(rates.Refused))
        {
            cluster.Note($"{what} is not stored");
            throw new JournalUnavailableException("simulated: the commit failed and nothing of it was stored");
        }

        // A database knows its members.
        if (self.IsEvicted)
        {
            throw new JournalUnavailableException($"simulated: {self.Name} is no member");
        }

        var result = await cluster.Activity.While(write);
        if (roll.Happens(rates.Unknown))
        {
            cluster.Note($"{what} is stored, and storage says it failed");
            throw new JournalUnavailableException("simulated: the connection broke, and whether it was stored is not known");
        }

        await self.Pass();
        return result;
    }

    public async Task<T> Read<T>(string what, Func<Task<T>> read)
    {
        var roll = await Before(what);
        if (roll.Happens(cluster.Dice.Rates.Unread))
        {
            cluster.Note($"{what} is not read");
            throw new JournalUnavailableException("simulated: the database could not be asked");
        }

        var result = await cluster.Activity.While(read);
        await self.Pass();
        return result;
    }

    /// <summary>Storage that withdraws what is late does so by its own clock.</summary>
    public long NotAfter(long notAfter) => cluster.Time.GetTimestamp() > notAfter ? 0 : long.MaxValue;

    private async Task<Roll> Before(string what)
    {
        await self.Pass();
        var rates = cluster.Dice.Rates;
        var roll = rates.AnyOfStorage ? cluster.Dice.Roll(what) : default;
        if (roll.Happens(rates.Slow))
        {
            await Task.Delay(roll.Between(0, 5), cluster.Time);
            await self.Pass();
        }

        return roll;
    }
}

internal sealed class SimulatedJournal(IJournal journal, StoragePath path) : IJournal
{
    public Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default) =>
        path.Write(stream, () => journal.AppendAsync(stream, expectedVersion, entries, options with { NotAfter = path.NotAfter(options.NotAfter) }, cancellationToken));

    public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default) => path.Read(stream, () => journal.ReadAsync(stream, cancellationToken));

    public Task<JournalSlice> ReadAroundDamageAsync(string stream, CancellationToken cancellationToken = default) =>
        path.Read(stream, () => journal.ReadAroundDamageAsync(stream, cancellationToken));

    public Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default) =>
        path.Write(stream, Done(() => journal.WriteSnapshotAsync(stream, version, payload, chunks, cancellationToken)));

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default) =>
        path.Read(stream, () => journal.ReadChunksAsync(stream, series, first, limit, cancellationToken));

    public Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default) =>
        path.Write(stream, Done(() => journal.DeleteStreamAsync(stream, intents, cancellationToken)));

    public Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default) =>
        path.Read("intents", () => journal.ReadIntentsAsync(limit, cancellationToken));

    public Task<long> CountIntentsAsync(CancellationToken cancellationToken = default) => path.Read("intents", () => journal.CountIntentsAsync(cancellationToken));

    public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default) =>
        path.Read(prefix, () => journal.ListStreamsAsync(prefix, after, limit, cancellationToken));

    private static Func<Task<bool>> Done(Func<Task> write) => async () =>
    {
        await write();
        return true;
    };
}

internal sealed class SimulatedRecords(IRecordStore records, StoragePath path) : IRecordStore
{
    public Task<StoredRecord?> ReadAsync(string kind, string key, CancellationToken cancellationToken = default) =>
        path.Read($"{kind}/{key}", () => records.ReadAsync(kind, key, cancellationToken));

    public Task<long?> WriteAsync(
        string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default) =>
        path.Write($"{kind}/{key}", () => records.WriteAsync(kind, key, expectedVersion, payload, intents, cancellationToken));
}

internal sealed class SimulatedBlobs(IBlobStore blobs, StoragePath path) : IBlobStore
{
    public Task<BlobReference> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default) =>
        Told(path.Write("blob", () => blobs.WriteAsync(content, maxBytes, cancellationToken), mayBeFull: false));

    public Task<Stream?> OpenReadAsync(string digest, CancellationToken cancellationToken = default) => Told(path.Read("blob", () => blobs.OpenReadAsync(digest, cancellationToken)));

    public Task<bool> ExistsAsync(string digest, CancellationToken cancellationToken = default) => Told(path.Read("blob", () => blobs.ExistsAsync(digest, cancellationToken)));

    public Task<BlobReference> WritePartAsync(string upload, int number, Stream content, long maxBytes, CancellationToken cancellationToken = default) =>
        blobs.WritePartAsync(upload, number, content, maxBytes, cancellationToken);

    public Task<BlobReference> JoinPartsAsync(string upload, IReadOnlyList<BlobPart> parts, long maxBytes, CancellationToken cancellationToken = default) =>
        blobs.JoinPartsAsync(upload, parts, maxBytes, cancellationToken);

    public Task DropPartsAsync(string upload, CancellationToken cancellationToken = default) => blobs.DropPartsAsync(upload, cancellationToken);

    private static async Task<T> Told<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (JournalUnavailableException e)
        {
            throw new BlobsUnavailableException(e);
        }
    }
}
