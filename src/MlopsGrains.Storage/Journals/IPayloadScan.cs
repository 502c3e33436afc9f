namespace MlopsGrains.Storage.Journals;

/// <summary>Reads all that is written now, for whoever looks for something in it.</summary>
public interface IPayloadScan
{
    /// <summary>
    /// Journal entries, then snapshots, then records or documents; no chunks. It reads in short pages, so it sees no single moment: what is there from its start to its end is
    /// given, also when a snapshot takes an entry in meanwhile.
    /// </summary>
    /// <param name="except">Streams whose names begin so are left out; at least one character.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadPayloadsAsync(string except, CancellationToken cancellationToken = default);
}
