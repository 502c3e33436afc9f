using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Pipelines;

[GrainType("pipeline-compiler"), StatelessWorker]
internal sealed class PipelineCompilerGrain(PipelineYaml reader, StepCatalog kinds) : Grain, IPipelineCompilerGrain
{
    public Task<PipelineDefinition> Register(string yaml, CancellationToken cancellationToken = default)
    {
        var spec = reader.Read(yaml ?? throw MlopsException.Invalid("yaml", "yaml is required."));
        return GrainFactory.GetGrain<IPipelineGrain>(spec.Name).Register(yaml, cancellationToken);
    }

    public Task<PipelineCheck> Check(string yaml, CancellationToken cancellationToken = default) =>
        Task.FromResult(reader.Check(yaml ?? throw MlopsException.Invalid("yaml", "yaml is required.")));

    public Task<IReadOnlyList<StepKind>> StepKinds(CancellationToken cancellationToken = default) => Task.FromResult(kinds.Kinds);
}
