using MlopsGrains.Storage.Damage;
using Orleans.Storage;

namespace MlopsGrains.Grains.Documents;

/// <summary>Ends each document with a checksum that readers of JSON skip. Documents are written by two engines, one of them Orleans' own; both come through here.</summary>
internal sealed class SealedSerializer(IGrainStorageSerializer json) : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSeal.Add(json.Serialize(input).ToMemory().Span));

    public T? Deserialize<T>(BinaryData input) => JsonSeal.IsBroken(input.ToMemory().Span)
        ? throw new InvalidDataException($"its {input.ToMemory().Length} bytes do not have the checksum that they end with")
        : json.Deserialize<T>(input);
}
