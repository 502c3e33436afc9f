using System.Collections.ObjectModel;

namespace MlopsGrains.Storage.Journals;

/// <summary>
/// Append-only histories, one per stream, with optimistic fencing and group commit.
/// Every call that returns has reached the disk; a call that throws may or may not have, unless its exception says so.
/// The payloads given to a write belong to the journal until its task ends: the caller must not change them before.
/// </summary>
public interface IJournal
{
    /// <summary>
    /// Appends <paramref name="entries"/> as versions <c>expectedVersion + 1 …</c> of <paramref name="stream"/>, all or none.
    /// Acknowledged only after the commit. An unknown commit outcome (a connection cut between commit and reply) is resolved
    /// inside: the answer tells what is stored.
    /// </summary>
    /// <param name="stream">1–512 characters.</param>
    /// <param name="expectedVersion">The version the caller has read; 0 for a new stream.</param>
    /// <param name="entries">1–<see cref="JournalLimits.EntriesPerAppendMax"/> payloads, together at most <see cref="JournalLimits.AppendBytesMax"/> bytes.</param>
    /// <param name="options">What else goes into the transaction, and until when.</param>
    /// <param name="cancellationToken">Withdraws an append that is still waiting in the queue; one being committed is finished and answered.</param>
    /// <returns><see langword="false"/> when the stream's version is not <paramref name="expectedVersion"/>: another writer stored one of these versions
    /// (the fence), or the append would leave a gap. Nothing was written.</returns>
    /// <exception cref="OperationCanceledException">It was withdrawn; nothing was written.</exception>
    /// <exception cref="JournalFullException">The queue is full; nothing was written.</exception>
    /// <exception cref="JournalUnavailableException">The database could not commit; the message says whether the outcome is known.</exception>
    Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default);

    /// <summary>Reads the newest snapshot and every entry after it, in order. A deleted stream has a version and nothing else.</summary>
    /// <exception cref="Damage.StoredDamageException">Some of it is not what was written.</exception>
    Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="ReadAsync"/>, for a reader that can go on around entries whose bytes are damaged: those come empty and are named in <see cref="JournalSlice.Damaged"/>.</summary>
    /// <exception cref="Damage.StoredDamageException">An entry is missing, or the snapshot is damaged.</exception>
    Task<JournalSlice> ReadAroundDamageAsync(string stream, CancellationToken cancellationToken = default) => ReadAsync(stream, cancellationToken);

    /// <summary>
    /// Stores <paramref name="payload"/> as the state at <paramref name="version"/>, stores <paramref name="chunks"/> and removes the entries up to
    /// the version, in one transaction. A snapshot not newer than the stored one is ignored, with its chunks. The stream's version must be at
    /// least <paramref name="version"/>.
    /// </summary>
    /// <param name="stream">1–512 characters.</param>
    /// <param name="version">At least 1.</param>
    /// <param name="payload">At most <see cref="JournalLimits.SnapshotBytesMax"/> bytes, together with the chunks.</param>
    /// <param name="chunks">At most <see cref="JournalLimits.ChunksPerSnapshotMax"/>, none twice.</param>
    /// <param name="cancellationToken">As for an append.</param>
    /// <exception cref="InvalidOperationException">The stream is older than <paramref name="version"/>; nothing was written.</exception>
    Task WriteSnapshotAsync(
        string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default);

    /// <summary>The payloads of a series' chunks from number <paramref name="first"/> on, in the order of their numbers.</summary>
    /// <param name="stream">1–512 characters.</param>
    /// <param name="series">1–512 characters.</param>
    /// <param name="first">At least 0.</param>
    /// <param name="limit">1–<see cref="JournalLimits.ListMax"/> chunks; all of them come in memory.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes the stream's entries, snapshot and chunks, in one transaction, and takes its name off the list. Its version stays known and moves on
    /// by one, so that every writer that read the stream before is fenced, one that read it before its first entry (version 0) included. Whoever
    /// wants the name again reads it: the stream is then empty at that version and goes on from there. Deleting what is unknown or deleted does nothing,
    /// and keeps no intent.
    /// </summary>
    Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default);

    /// <summary>The intents that wait, in the order of their ids, which for the writes of one caller, one after the other, is the order of the writes.</summary>
    /// <param name="limit">1–<see cref="JournalLimits.ListMax"/>.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default);

    /// <summary>How many intents wait.</summary>
    Task<long> CountIntentsAsync(CancellationToken cancellationToken = default);

    /// <summary>Names of streams that begin with <paramref name="prefix"/>, in the order of their UTF-8 bytes, at most <paramref name="limit"/>
    /// (1–<see cref="JournalLimits.ListMax"/>), strictly after <paramref name="after"/>.</summary>
    Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default);
}

/// <summary>What goes with an append.</summary>
/// <param name="NotAfter">A timestamp of <see cref="System.Diagnostics.Stopwatch"/>. An append that has not begun to be stored by then is withdrawn, also between two attempts over a broken
/// connection; <see cref="long.MaxValue"/> for no end.</param>
/// <param name="Intents">What the change has yet to tell others, kept in the same transaction, in this order.</param>
/// <param name="Delivered">Ids of intents that the append delivers; they go in the same transaction.</param>
public sealed record AppendOptions(long NotAfter = long.MaxValue, IReadOnlyList<ReadOnlyMemory<byte>>? Intents = null, IReadOnlyList<long>? Delivered = null)
{
    public static AppendOptions Default { get; } = new();
}

/// <summary>What a change that is stored has yet to tell others.</summary>
public sealed record Intent(long Id, ReadOnlyMemory<byte> Payload);

/// <summary>
/// What a stream holds: <see cref="Version"/> is that of the last entry (or of the snapshot when there is none after it), 0 for an unknown stream.
/// After a deletion <see cref="SnapshotVersion"/> is above 0 and <see cref="Snapshot"/> is <see langword="null"/>.
/// </summary>
public sealed record JournalSlice(long SnapshotVersion, ReadOnlyMemory<byte>? Snapshot, IReadOnlyList<ReadOnlyMemory<byte>> Entries)
{
    public static JournalSlice Empty { get; } = new(0, null, []);

    public long Version => SnapshotVersion + Entries.Count;

    /// <summary>Entries that came empty because their bytes are damaged, by their version.</summary>
    public IReadOnlyDictionary<long, Damage.StoredDamage> Damaged { get; init; } = ReadOnlyDictionary<long, Damage.StoredDamage>.Empty;
}

public static class JournalLimits
{
    public const int StreamLengthMax = 512;
    public const int EntriesPerAppendMax = 1000;
    public const int AppendBytesMax = 32 * 1024 * 1024;
    public const int SnapshotBytesMax = 64 * 1024 * 1024;
    public const int ChunksPerSnapshotMax = 10_000;
    public const int ListMax = 10_000;
    public const int IntentsMax = 100;
    public const int IntentBytesMax = 256 * 1024;

    /// <summary>Appended to a prefix it sorts after every name that begins with the prefix.</summary>
    internal static string LastName { get; } = string.Concat(Enumerable.Repeat("\U0010FFFF", StreamLengthMax));
}

/// <summary>The journal's queue is full. Nothing was written; try again after <see cref="RetryAfter"/>.</summary>
public sealed class JournalFullException(string message, TimeSpan retryAfter) : Exception(message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
