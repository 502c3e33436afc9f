using MlopsGrains.Blobs;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace MlopsGrains.Grains.Data;

/// <summary>Reads and profiles stored CSV, apart from the dataset's own turns. A stateless worker; use key 0.</summary>
[GrainInterfaceType("dataset-profiler")]
internal interface IDatasetProfilerGrain : IGrainWithIntegerKey
{
    [Alias("Profile"), ResponseTimeout("00:05:00")]
    Task<DatasetProfile> Profile(string digest, long length, CancellationToken cancellationToken = default);
}

[GrainType("dataset-profiler"), StatelessWorker]
internal sealed class DatasetProfilerGrain(IBlobs blobs) : Grain, IDatasetProfilerGrain
{
    public async Task<DatasetProfile> Profile(string digest, long length, CancellationToken cancellationToken = default)
    {
        await using var content = await blobs.OpenReadAsync(digest, cancellationToken);
        if (content.Length != length)
        {
            throw Errors.MlopsException.Invalid("length", $"length is {length}; the stored bytes of {digest} are {content.Length}.");
        }

        // A thread of its own: the work takes seconds to minutes and would starve the silo's pool.
        return await Task.Factory.StartNew(
            () => DatasetProfile.Of(content, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
    }
}
