namespace MlopsGrains.Pipelines;

/// <summary>The way in for a definition: reads it before any pipeline is touched, so that a broken one changes nothing. A stateless worker; use key 0.</summary>
[GrainInterfaceType("pipeline-compiler")]
public interface IPipelineCompilerGrain : IGrainWithIntegerKey
{
    /// <summary>Checks a YAML definition and registers it with the pipeline that it names. Errors name the field, line and column.</summary>
    [Alias("Register")]
    Task<PipelineDefinition> Register(string yaml, CancellationToken cancellationToken = default);

    /// <summary>Checks a YAML definition as registering does, and registers nothing.</summary>
    [Alias("Check")]
    Task<PipelineCheck> Check(string yaml, CancellationToken cancellationToken = default);

    /// <summary>The kinds of steps that definitions may use, by name.</summary>
    [Alias("StepKinds")]
    Task<IReadOnlyList<StepKind>> StepKinds(CancellationToken cancellationToken = default);
}
