namespace MlopsGrains.Pipelines;

/// <summary>What a look at a definition found, without registering it.</summary>
/// <param name="Valid">Whether it would be registered.</param>
/// <param name="Pipeline">The name of the pipeline, when the definition is valid.</param>
/// <param name="Faults">Everything that is wrong, in the order of the text; at most 1,000.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineCheck")]
public sealed record PipelineCheck(
    [property: Id(0)] bool Valid,
    [property: Id(1)] string? Pipeline,
    [property: Id(2)] IReadOnlyList<PipelineFault> Faults);

/// <summary>One thing that is wrong with a definition.</summary>
/// <param name="Field">What is wrong, such as <c>steps.train.with.trees</c>.</param>
/// <param name="Message">What was expected and what came.</param>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="Column">Where it stands, from 1.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineFault")]
public sealed record PipelineFault(
    [property: Id(0)] string Field,
    [property: Id(1)] string Message,
    [property: Id(2)] int Line,
    [property: Id(3)] int Column);
