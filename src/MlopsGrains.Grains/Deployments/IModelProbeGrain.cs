using MlopsGrains.Models;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Finds out whether a model version can be scored here. A stateless worker; use key 0.</summary>
[GrainInterfaceType("model-probe")]
internal interface IModelProbeGrain : IGrainWithIntegerKey
{
    /// <summary>Loads the model and binds its signature; throws what is wrong with it.</summary>
    [Alias("Probe"), ResponseTimeout("00:02:00")]
    Task Probe(ModelVersion version, CancellationToken cancellationToken = default);
}

[GrainType("model-probe"), StatelessWorker]
internal sealed class ModelProbeGrain(ModelHost host) : Grain, IModelProbeGrain
{
    public async Task Probe(ModelVersion version, CancellationToken cancellationToken = default) => await host.Get(version, cancellationToken);
}
