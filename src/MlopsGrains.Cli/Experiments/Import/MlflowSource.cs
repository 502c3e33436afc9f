using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>Where an MLflow history is read from. Everything is read in pieces; nothing is changed there.</summary>
internal interface IMlflowSource : IDisposable
{
    /// <summary>Names the place for good, so that a run that was imported from it is known again.</summary>
    string Name { get; }

    /// <summary>Active experiments.</summary>
    IAsyncEnumerable<SourceExperiment> ExperimentsAsync(CancellationToken cancellationToken);

    /// <summary>Active runs of an experiment.</summary>
    IAsyncEnumerable<SourceRun> RunsAsync(string experimentId, CancellationToken cancellationToken);

    /// <summary>What a run read and made.</summary>
    Task<SourceLinks> LinksAsync(SourceRun run, CancellationToken cancellationToken);

    /// <summary>All points of a metric.</summary>
    IAsyncEnumerable<SourcePoint> PointsAsync(SourceRun run, string key, CancellationToken cancellationToken);

    /// <summary>All files of a run or a logged model.</summary>
    IAsyncEnumerable<SourceFile> FilesAsync(SourceFiles of, CancellationToken cancellationToken);

    /// <summary>A file's bytes.</summary>
    Task<Stream> OpenAsync(SourceFiles of, string path, CancellationToken cancellationToken);

    /// <summary>Active logged models of an experiment.</summary>
    IAsyncEnumerable<SourceLoggedModel> LoggedModelsAsync(string experimentId, CancellationToken cancellationToken);

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
    string Id, string Name, string User, RunStatus Status, long Start, long? End, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags, IReadOnlyList<string> MetricKeys, string ArtifactUri)
{
    public SourceFiles Files => new(Id, ArtifactUri, OfModel: false);
}

/// <param name="Datasets">That the run read.</param>
/// <param name="ModelInputs">Ids of logged models there that the run read.</param>
/// <param name="ModelOutputs">Ids of logged models there that the run made.</param>
internal sealed record SourceLinks(IReadOnlyList<DatasetInput> Datasets, IReadOnlyList<string> ModelInputs, IReadOnlyList<ModelOutput> ModelOutputs);

/// <param name="Id">There.</param>
/// <param name="Name">May be empty.</param>
/// <param name="Type">May be empty.</param>
/// <param name="RunId">The run there that made it; may be empty.</param>
/// <param name="Status">There.</param>
/// <param name="Params">All.</param>
/// <param name="Tags">All.</param>
/// <param name="Points">Its metrics' points that the source gives out.</param>
/// <param name="ArtifactUri">Where its files are.</param>
internal sealed record SourceLoggedModel(
    string Id, string Name, string Type, string RunId, LoggedModelStatus Status, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags, IReadOnlyList<SourceModelPoint> Points, string ArtifactUri)
{
    public SourceFiles Files => new(Id, ArtifactUri, OfModel: true);
}

/// <summary>A point of a logged model's metric, which a run logged.</summary>
internal sealed record SourceModelPoint(string Key, SourcePoint Point, string RunId, string DatasetName, string DatasetDigest);

/// <summary>Where files of a run, or of a logged model, are.</summary>
internal sealed record SourceFiles(string Id, string ArtifactUri, bool OfModel);

internal readonly record struct SourcePoint(double Value, long Timestamp, long Step);

internal sealed record SourceFile(string Path, long Length);

internal sealed record SourceModel(string Name, string? Description, IReadOnlyList<Tag> Tags, IReadOnlyList<SourceModelVersion> Versions, IReadOnlyDictionary<string, int> Aliases);

internal sealed record SourceModelVersion(int Version, string Source, string? RunId, string? Description, string? Stage, IReadOnlyList<Tag> Tags);
