namespace MlopsGrains.Grains.Monitoring;

/// <summary>Reads reference rows and makes bins of them. A stateless worker, so that a monitor's turn waits but its silo's thread does not; use key 0.</summary>
[GrainInterfaceType("monitor-reference-builder")]
internal interface IReferenceBuilderGrain : IGrainWithIntegerKey
{
    /// <param name="features">Columns to watch; empty for every input of the deployed model.</param>
    [Alias("Build"), ResponseTimeout("00:05:00")]
    Task<ReferenceProfile> Build(string deployment, string digest, IReadOnlyList<string> features, CancellationToken cancellationToken = default);
}
