namespace MlopsGrains.Experiments;

/// <summary>
/// Removes for good what has been deleted for long enough: runs with their metrics and artifact names, then experiments without runs, at last stored bytes that nothing names any more. Key <see cref="Main"/>.
/// </summary>
[GrainInterfaceType("retention")]
public interface IRetentionGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Main = "main";

    /// <summary>
    /// One bounded step; call again with <see cref="RetentionStep.NextPageToken"/> until there is none. What a crash cut off is finished first. Every step
    /// that removed something is in the audit chain.
    /// </summary>
    [Alias("Collect"), ResponseTimeout("00:05:00")]
    Task<RetentionStep> Collect(RetentionRequest request, CancellationToken cancellationToken = default);
}

/// <summary>What to remove.</summary>
/// <param name="DeletedFor">How long it has been deleted, 0–3,650 days; <see langword="null"/> for the server's setting (30 days).</param>
/// <param name="DryRun">Counts only.</param>
/// <param name="PageToken">From the step before.</param>
[GenerateSerializer, Immutable, Alias("mlops.RetentionRequest")]
public sealed record RetentionRequest(
    [property: Id(0)] TimeSpan? DeletedFor = null, [property: Id(1)] bool DryRun = false, [property: Id(2)] string? PageToken = null);

/// <summary>What one step removed, or would have removed.</summary>
/// <param name="DryRun">Whether it only counted.</param>
/// <param name="DeletedBefore">What had been deleted by then was due.</param>
/// <param name="Runs">Runs.</param>
/// <param name="ArtifactFiles">Artifact files of those runs and logged models; their bytes, which others may share, go later, when nothing names them.</param>
/// <param name="Experiments">Experiments; their names are free again.</param>
/// <param name="NextPageToken">For the next step; <see langword="null"/> when everything was looked at.</param>
/// <param name="BlobsRemoved">Stored files that nothing had named for the grace time (24 h). A dry run, which searches for none, says 0.</param>
/// <param name="BlobBytesFreed">Their bytes.</param>
/// <param name="LoggedModels">Logged models without a registered version, with their runs or experiments or because they were deleted themselves. A dry run counts only the latter two.</param>
/// <param name="BlobCandidates">Stored files that the last search found unnamed; a search after the grace time decides.</param>
/// <param name="Skipped">Runs and logged models that could not be removed, each with the reason; they stay and are tried again. At most 20; <see langword="null"/> when there are none.</param>
[GenerateSerializer, Immutable, Alias("mlops.RetentionStep")]
public sealed record RetentionStep(
    [property: Id(0)] bool DryRun,
    [property: Id(1)] DateTimeOffset DeletedBefore,
    [property: Id(2)] int Runs,
    [property: Id(3)] int ArtifactFiles,
    [property: Id(4)] int Experiments,
    [property: Id(5)] string? NextPageToken,
    [property: Id(6)] int BlobsRemoved = 0,
    [property: Id(7)] long BlobBytesFreed = 0,
    [property: Id(8)] int BlobCandidates = 0,
    [property: Id(9)] int LoggedModels = 0,
    [property: Id(10)] IReadOnlyList<string>? Skipped = null)
{
    /// <summary>Most sentences in <see cref="Skipped"/>; the log has all of them.</summary>
    public const int SkippedMax = 20;
}
