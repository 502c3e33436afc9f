namespace MlopsGrains.Client;

/// <summary>What became of the records that ended processes had left in the spool.</summary>
/// <param name="Delivered">Records that the platform has now.</param>
/// <param name="Refused">Entries among them that it refused, such as those of a deleted run.</param>
/// <param name="Remaining">Records that still wait, because the platform is away.</param>
public sealed record SpoolReplay(long Delivered, long Refused, long Remaining);
