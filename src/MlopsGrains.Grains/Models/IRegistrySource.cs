using MlopsGrains.Models;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Models;

/// <summary>What a registered model tells the registry and other models. The key is the model's name.</summary>
[GrainInterfaceType("registry-source")]
internal interface IRegistrySource : IGrainWithStringKey
{
    /// <summary>
    /// What changed since the change <paramref name="since"/>. It waits for the change that is being made: so a search that begins after an answer sees what was
    /// answered.
    /// </summary>
    [Alias("Changes")]
    Task<RegistryChanges> Changes(long since, CancellationToken cancellationToken = default);

    /// <summary>Registers a version by its source, which has been looked up. <paramref name="origin"/> is the version that it copies.</summary>
    [Alias("AddSourced")]
    Task<ModelVersion> AddSourced(NewSourcedVersion version, string location, ModelVersion? origin, CancellationToken cancellationToken = default);

    /// <summary>Becomes what <paramref name="json"/> describes; refuses when a model of this name exists, unless it came by this very rename.</summary>
    [Alias("Adopt")]
    Task Adopt(string json, string from, CancellationToken cancellationToken = default);

    /// <summary>Whether the name is taken. Interleaves, so that two models that are renamed to each other's name do not wait for each other.</summary>
    [Alias("IsTaken"), AlwaysInterleave]
    Task<bool> IsTaken(CancellationToken cancellationToken = default);
}

/// <summary>A model's changes since one of them.</summary>
/// <param name="Change">The newest change.</param>
/// <param name="Model">The model; <see langword="null"/> when there is none.</param>
/// <param name="Reset">Versions known from before are to be forgotten.</param>
/// <param name="Versions">Versions that changed; all of them after a reset.</param>
[GenerateSerializer, Immutable, Alias("mlops.RegistryChanges")]
internal sealed record RegistryChanges(
    [property: Id(0)] long Change,
    [property: Id(1)] RegisteredModel? Model,
    [property: Id(2)] bool Reset,
    [property: Id(3)] IReadOnlyList<ModelVersion> Versions);

/// <summary>The part of the registry that models speak to.</summary>
[GrainInterfaceType("registry-index")]
internal interface IRegistryIndexGrain : IGrainWithStringKey
{
    /// <summary>A model is about to change: the next search asks it first.</summary>
    [Alias("Touch")]
    Task Touch(string model, CancellationToken cancellationToken = default);

    /// <summary>Asks every model that changed, so that what a dead silo left half done is finished without a search.</summary>
    [Alias("Refresh"), ResponseTimeout("00:02:00")]
    Task Refresh(CancellationToken cancellationToken = default);
}
