using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlopsGrains.Grains.Journaling;

/// <summary>
/// One format byte, then JSON. For grains whose events are few and worth reading by eye. The event base type names its cases with
/// <see cref="JsonDerivedTypeAttribute"/> discriminators, so renaming a class changes nothing stored.
/// </summary>
public sealed class JsonJournalCodec<TState, TEvent> : IJournalCodec<TState, TEvent>
{
    private const byte Format = 1;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    public void EncodeEvent(TEvent e, IBufferWriter<byte> output) => Encode(e, output);

    public TEvent DecodeEvent(ReadOnlyMemory<byte> payload) => Decode<TEvent>(payload);

    public void EncodeState(TState state, IBufferWriter<byte> output) => Encode(state, output);

    public TState DecodeState(ReadOnlyMemory<byte> payload) => Decode<TState>(payload);

    private static void Encode<T>(T value, IBufferWriter<byte> output)
    {
        output.GetSpan(1)[0] = Format;
        output.Advance(1);
        using var writer = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(writer, value, Options);
    }

    private static T Decode<T>(ReadOnlyMemory<byte> payload) =>
        payload.Span[0] == Format
            ? JsonSerializer.Deserialize<T>(payload.Span[1..], Options)!
            : throw new NotSupportedException($"Journal payload format {payload.Span[0]} is newer than this program, which reads format {Format}.");
}
