using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Damage;
using Orleans.Storage;

namespace MlopsGrains.Grains.Documents;

/// <summary>
/// Names the document that cannot be read, wherever it is stored: its grain then does not come to life, and every caller hears why. A database that is away or full is told as such. A document
/// is written for whoever still waits.
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
        catch (Exception e) when (PassingFault.Is(e))
        {
            throw MlopsException.Unavailable($"Document '{stateName}/{grainId}' could not be read: {e.Message}");
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        Stored(stateName, grainId, () => storage.WriteStateAsync(stateName, grainId, grainState, cancellationToken));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        Stored(stateName, grainId, () => storage.ClearStateAsync(stateName, grainId, grainState, cancellationToken));

    private async Task Stored(string stateName, GrainId grainId, Func<Task> write)
    {
        var call = await gate.BeforeWrite();
        try
        {
            await write();
        }
        catch (Exception e) when (PassingFault.Is(e))
        {
            throw MlopsException.Unavailable($"Document '{stateName}/{grainId}' could not be stored: {e.Message}");
        }

        call?.Keep();
    }
}
