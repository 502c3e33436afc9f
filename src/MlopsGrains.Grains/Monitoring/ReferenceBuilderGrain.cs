using MlopsGrains.Blobs;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Monitoring;

[GrainType("monitor-reference-builder"), StatelessWorker]
internal sealed class ReferenceBuilderGrain(IBlobs blobs, IDeployedModel model) : Grain, IReferenceBuilderGrain
{
    public async Task<ReferenceProfile> Build(string deployment, string digest, IReadOnlyList<string> features, CancellationToken cancellationToken = default)
    {
        await using var content = await blobs.OpenReadAsync(digest, cancellationToken);
        var watched = WatchedFeatures.Of(await model.Signature(deployment, cancellationToken), deployment, features);

        // Reading a large file and sorting its columns takes longer than a turn should.
        return await Task.Run(
            () =>
            {
                var table = ReferenceTable.Read(content, watched, cancellationToken);
                return new ReferenceProfile(table.Rows, [.. table.Columns.Select(FeatureHistogram.Reference)]);
            },
            cancellationToken);
    }
}
