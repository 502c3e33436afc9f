namespace MlopsGrains.Pipelines;

/// <summary>Hands ready steps to pulling workers. A hint only: rebuilt from the runs. The key is the pool's name.</summary>
[GrainInterfaceType("work-queue")]
public interface IWorkQueueGrain : IGrainWithStringKey
{
    /// <summary>The pool that built-in steps run in.</summary>
    const string Default = "default";

    /// <summary>Offers a ready step; offering it again changes nothing.</summary>
    [Alias("Offer")]
    Task Offer(ReadyStep step, CancellationToken cancellationToken = default);

    /// <summary>Takes at most <paramref name="max"/> steps; waits up to <paramref name="wait"/> (at most 20 s) when there is none.</summary>
    [Alias("Take")]
    Task<IReadOnlyList<ReadyStep>> Take(int max, TimeSpan wait, CancellationToken cancellationToken = default);
}

/// <summary>A step that may be leased.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ReadyStep")]
public sealed record ReadyStep([property: Id(0)] string PipelineRunId, [property: Id(1)] string Step);
