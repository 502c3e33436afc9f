using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Integrity;
using Orleans.Storage;

namespace MlopsGrains.Grains.Documents;

/// <summary>
/// Names the document that cannot be read, wherever it is stored: its grain then does not come to life, and every caller hears why. A document is written for whoever still waits.
/// </summary>
internal sealed class CheckedDocuments(IGrainStorage storage, DamageList damage, CallGate gate) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

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

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var call = await gate.BeforeWrite();
        await storage.WriteStateAsync(stateName, grainId, grainState, cancellationToken);
        call?.Keep();
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var call = await gate.BeforeWrite();
        await storage.ClearStateAsync(stateName, grainId, grainState, cancellationToken);
        call?.Keep();
    }
}
