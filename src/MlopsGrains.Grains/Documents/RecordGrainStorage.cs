using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Records;
using Orleans.Storage;

namespace MlopsGrains.Grains.Documents;

/// <summary>Grain documents over the storage room's records, so that on SQLite they share the journal's group commit.</summary>
public sealed class RecordGrainStorage(IRecordStore records, IGrainStorageSerializer serializer) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var stored = await records.ReadAsync(stateName, grainId.ToString(), cancellationToken);
        grainState.ETag = stored is null ? null : ToETag(stored.Version);
        grainState.RecordExists = stored?.Payload is not null;
        grainState.State = stored?.Payload is { } payload
            ? serializer.Deserialize<T>(new BinaryData(payload))
            : Activator.CreateInstance<T>();
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        await Store(stateName, grainId, grainState, serializer.Serialize(grainState.State).ToMemory(), cancellationToken);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        await Store(stateName, grainId, grainState, null, cancellationToken);
        grainState.RecordExists = false;
        grainState.State = Activator.CreateInstance<T>();
    }

    private async Task Store<T>(string stateName, GrainId grainId, IGrainState<T> grainState, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken)
    {
        var expected = grainState.ETag is null ? 0 : long.Parse(grainState.ETag, CultureInfo.InvariantCulture);
        long? version;
        try
        {
            var intents = payload is not null && grainState.State is StoredDocument document ? document.AuditIntents ?? [] : [];
            version = await records.WriteAsync(stateName, grainId.ToString(), expected, payload, intents, cancellationToken);
        }
        catch (JournalFullException e)
        {
            throw MlopsException.Overloaded(e.Message);
        }

        grainState.ETag = version is { } stored
            ? ToETag(stored)
            : throw new InconsistentStateException($"Document '{stateName}' of {grainId} was changed by another writer.", "unknown", grainState.ETag ?? "none");
    }

    private static string ToETag(long version) => version.ToString(CultureInfo.InvariantCulture);
}
