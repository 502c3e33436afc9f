using System.Buffers;

namespace MlopsGrains.Grains.Journaling;

/// <summary>Turns events and snapshots into versioned bytes and back. Every released version stays readable; no CLR name is written.</summary>
public interface IJournalCodec<TState, TEvent>
{
    void EncodeEvent(TEvent e, IBufferWriter<byte> output);

    TEvent DecodeEvent(ReadOnlyMemory<byte> payload);

    void EncodeState(TState state, IBufferWriter<byte> output);

    TState DecodeState(ReadOnlyMemory<byte> payload);
}
