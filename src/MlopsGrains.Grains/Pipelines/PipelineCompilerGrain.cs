using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Pipelines;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace MlopsGrains.Grains.Pipelines;

[GrainType("pipeline-compiler"), StatelessWorker]
internal sealed class PipelineCompilerGrain(PipelineYaml reader) : Grain, IPipelineCompilerGrain
{
    public Task<PipelineDefinition> Register(string yaml, CancellationToken cancellationToken = default)
    {
        var spec = reader.Read(yaml ?? throw MlopsException.Invalid("yaml", "yaml is required."));
        return GrainFactory.GetGrain<IPipelineGrain>(spec.Name).Register(yaml, cancellationToken);
    }
}
