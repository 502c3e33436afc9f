using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Integrity;
using Orleans.Storage;

namespace MlopsGrains.Grains.Documents;

/// <summary>Names the document that cannot be read, wherever it is stored. Its grain then does not come to life, and every caller hears why.</summary>
internal sealed class CheckedDocuments(IGrainStorage storage, DamageList damage) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.WriteStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ClearStateAsync(stateName, grainId, grainState);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        try
        {
            await storage.ReadStateAsync(stateName, grainId, grainState, cancellationToken);
        }
        catch (StoredDamageException e)
        {
            throw new MlopsException(ErrorKind.DataLoss, e.Message);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or NotSupportedException)
        {
            var found = new StoredDamage("document", $"{stateName}/{grainId}", "", e.Message);
            damage.Report(found);
            throw new MlopsException(ErrorKind.DataLoss, found.ToString());
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        storage.WriteStateAsync(stateName, grainId, grainState, cancellationToken);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        storage.ClearStateAsync(stateName, grainId, grainState, cancellationToken);
}
