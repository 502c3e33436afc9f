namespace MlopsGrains.Grains.Blobs;

/// <summary>Removes stored bytes that nothing names. Key 0.</summary>
[GrainInterfaceType("blob-sweep")]
internal interface IBlobSweepGrain : IGrainWithIntegerKey
{
    /// <summary>One bounded step; call again while it is unfinished. What a crash cut off goes on.</summary>
    [Alias("Sweep")]
    Task<BlobSweepStep> Sweep(bool dryRun, CancellationToken cancellationToken = default);
}

/// <summary>What one step did.</summary>
/// <param name="Removed">Blobs.</param>
/// <param name="BytesFreed">Their bytes.</param>
/// <param name="Candidates">Blobs that a mark found unnamed and the next, after the grace time, decides on.</param>
/// <param name="IsUnfinished">Whether another step has something to do now.</param>
[GenerateSerializer, Immutable, Alias("mlops.BlobSweepStep")]
internal sealed record BlobSweepStep([property: Id(0)] int Removed, [property: Id(1)] long BytesFreed, [property: Id(2)] int Candidates, [property: Id(3)] bool IsUnfinished);
