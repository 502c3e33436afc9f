namespace MlopsGrains.Storage.Journals;

/// <summary>A sealed piece of a series that a stream owns. Writing a number again replaces it. A blob that only a chunk names is not kept (<see cref="IPayloadScan"/>).</summary>
/// <param name="Series">The series' name within its stream, 1–512 characters.</param>
/// <param name="Number">From 0, within its series.</param>
/// <param name="Payload">At most <see cref="JournalLimits.SnapshotBytesMax"/> bytes, together with the snapshot it is written with.</param>
public sealed record SeriesChunk(string Series, long Number, ReadOnlyMemory<byte> Payload);
