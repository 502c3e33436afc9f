using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Data;

/// <summary>Reads and profiles stored CSV, apart from the dataset's own turns. A stateless worker; use key 0.</summary>
[GrainInterfaceType("dataset-profiler")]
internal interface IDatasetProfilerGrain : IGrainWithIntegerKey
{
    /// <summary>Profiles bytes in the standard dialect, for silos of an earlier version.</summary>
    [Alias("Profile"), ResponseTimeout("00:05:00")]
    Task<DatasetProfile> Profile(string digest, long length, CancellationToken cancellationToken = default);

    /// <summary>Finds out how bytes are written, profiles them, and stores them in the standard dialect when they are in another.</summary>
    [Alias("TakeIn"), ResponseTimeout("00:05:00")]
    Task<DatasetIntake> TakeIn(string digest, long length, CsvOptions? csv, CancellationToken cancellationToken = default);

    /// <summary>Reads rows of a version's content.</summary>
    [Alias("Rows"), ResponseTimeout("00:05:00")]
    Task<DatasetRows> Rows(DatasetVersion version, DatasetRowQuery query, CancellationToken cancellationToken = default);

    /// <summary>Compares the columns that two versions' contents have in common.</summary>
    [Alias("Compare"), ResponseTimeout("00:05:00")]
    Task<IReadOnlyList<ColumnDifference>> Compare(DatasetVersion from, DatasetVersion to, CancellationToken cancellationToken = default);
}

/// <summary>Bytes that every reader reads alike, and what is in them.</summary>
/// <param name="Digest">Of the bytes in the standard dialect; the upload's own when it was in it.</param>
/// <param name="Length">Their length.</param>
/// <param name="Profile">What is in them.</param>
/// <param name="Csv">How the upload was read when its bytes are others.</param>
/// <param name="Notes">What the owner of the data should know of how it was read.</param>
[GenerateSerializer, Immutable, Alias("mlops.grains.DatasetIntake")]
internal sealed record DatasetIntake(
    [property: Id(0)] string Digest,
    [property: Id(1)] long Length,
    [property: Id(2)] DatasetProfile Profile,
    [property: Id(3)] CsvOptions? Csv,
    [property: Id(4)] IReadOnlyList<string> Notes);

[GrainType("dataset-profiler"), StatelessWorker]
internal sealed class DatasetProfilerGrain(IBlobs blobs) : Grain, IDatasetProfilerGrain
{
    public async Task<DatasetProfile> Profile(string digest, long length, CancellationToken cancellationToken = default)
    {
        await using var content = await Open(digest, length, cancellationToken);
        return await Apart(() => DatasetProfile.Of(content, cancellationToken), cancellationToken);
    }

    public async Task<DatasetIntake> TakeIn(string digest, long length, CsvOptions? csv, CancellationToken cancellationToken = default)
    {
        await using var content = await Open(digest, length, cancellationToken);
        var (read, dialect) = await Apart(
            () =>
            {
                var found = DecimalCommas.Find(content, CsvDetection.Detect(content, csv), csv?.Decimal, cancellationToken);
                return (ReadCsv.Of(content, found, cancellationToken), found);
            },
            cancellationToken);
        if (!read.Differs)
        {
            return new DatasetIntake(digest, length, read.Profile, null, read.Notes);
        }

        content.Position = 0;
        var blob = await StandardCsv.Write(content, dialect, blobs, cancellationToken);
        return new DatasetIntake(blob.Digest, blob.Length, read.Profile, dialect.Describe(), read.Notes);
    }

    public async Task<DatasetRows> Rows(DatasetVersion version, DatasetRowQuery query, CancellationToken cancellationToken = default)
    {
        await using var content = await Open(version.Digest, version.Length, cancellationToken);
        var (columns, rows, next) = await Apart(() => DatasetRowReader.Read(content, query, cancellationToken), cancellationToken);
        return new DatasetRows(version.Dataset, version.Version, columns, rows, next);
    }

    public async Task<IReadOnlyList<ColumnDifference>> Compare(DatasetVersion from, DatasetVersion to, CancellationToken cancellationToken = default)
    {
        await using var earlier = await Open(from.Digest, from.Length, cancellationToken);
        await using var later = await Open(to.Digest, to.Length, cancellationToken);
        return await Apart(() => DatasetComparison.Of((earlier, from.Columns), (later, to.Columns), cancellationToken), cancellationToken);
    }

    private async Task<Stream> Open(string digest, long length, CancellationToken cancellationToken)
    {
        var content = await blobs.OpenReadAsync(digest, cancellationToken);
        if (content.Length == length)
        {
            return content;
        }

        await content.DisposeAsync();
        throw MlopsException.Invalid("length", $"length is {length}; the stored bytes of {digest} are {content.Length}.");
    }

    /// <summary>A thread of its own: the work takes seconds to minutes and would starve the silo's pool.</summary>
    private static Task<T> Apart<T>(Func<T> work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
