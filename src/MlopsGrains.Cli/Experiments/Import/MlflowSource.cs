using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Import;

/// <summary>Where an MLflow history is read from. Everything is read in pieces; nothing is changed there.</summary>
internal interface IMlflowSource : IDisposable
{
    /// <summary>Names the place for good, so that a run that was imported from it is known again.</summary>
    string Name { get; }

    /// <summary>Active experiments.</summary>
    IAsyncEnumerable<SourceExperiment> ExperimentsAsync(CancellationToken cancellationToken);

    /// <summary>Active runs of an experiment.</summary>
    IAsyncEnumerable<SourceRun> RunsAsync(string experimentId, CancellationToken cancellationToken);

    /// <summary>The datasets that a run read.</summary>
    Task<IReadOnlyList<DatasetInput>> DatasetsAsync(SourceRun run, CancellationToken cancellationToken);

    /// <summary>All points of a metric.</summary>
    IAsyncEnumerable<SourcePoint> PointsAsync(SourceRun run, string key, CancellationToken cancellationToken);

    /// <summary>All files of a run.</summary>
    IAsyncEnumerable<SourceFile> FilesAsync(SourceRun run, CancellationToken cancellationToken);

    /// <summary>A file's bytes.</summary>
    Task<Stream> OpenAsync(SourceRun run, string path, CancellationToken cancellationToken);

    /// <summary>Registered models with their versions in rising order.</summary>
    IAsyncEnumerable<SourceModel> ModelsAsync(CancellationToken cancellationToken);
}

internal sealed record SourceExperiment(string Id, string Name, IReadOnlyList<Tag> Tags);

/// <param name="Id">There.</param>
/// <param name="Name">May be empty.</param>
/// <param name="User">May be empty.</param>
/// <param name="Status">There.</param>
/// <param name="Start">Unix milliseconds.</param>
/// <param name="End">Unix milliseconds.</param>
/// <param name="Params">All.</param>
/// <param name="Tags">All.</param>
/// <param name="MetricKeys">All.</param>
/// <param name="ArtifactUri">Where its files are.</param>
internal sealed record SourceRun(
    string Id, string Name, string User, RunStatus Status, long Start, long? End, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags, IReadOnlyList<string> MetricKeys, string ArtifactUri);

internal readonly record struct SourcePoint(double Value, long Timestamp, long Step);

internal sealed record SourceFile(string Path, long Length);

internal sealed record SourceModel(string Name, string? Description, IReadOnlyList<Tag> Tags, IReadOnlyList<SourceModelVersion> Versions, IReadOnlyDictionary<string, int> Aliases);

internal sealed record SourceModelVersion(int Version, string Source, string? RunId, string? Description, string? Stage, IReadOnlyList<Tag> Tags);
