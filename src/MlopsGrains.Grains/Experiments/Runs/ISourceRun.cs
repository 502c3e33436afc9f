using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>What a logged model asks its source run.</summary>
[GrainInterfaceType("source-run")]
internal interface ISourceRun : IGrainWithStringKey
{
    /// <summary>Whether the run was removed for good; not so of one that never was.</summary>
    [Alias("IsGone"), AlwaysInterleave]
    Task<bool> IsGone(CancellationToken cancellationToken = default);
}
