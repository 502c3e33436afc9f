using System.Buffers;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// An index shard's journal in bytes. First the format version, then for events the kind. Rows refer to sets of keys and to texts by number; a number that is
/// new is followed by what it stands for. A change of layout takes a new version and leaves this one readable.
/// </summary>
internal sealed class RunIndexCodec : IJournalCodec<RunIndexState, RunIndexEvent>
{
    private const byte Version = 1;

    private enum Kind : byte
    {
        Added = 1,
        Settled = 2,
        Unsettled = 3,
        Removed = 4,
        Moved = 5,
    }

    public void EncodeEvent(RunIndexEvent e, IBufferWriter<byte> output)
    {
        var o = new BinaryOutput(output);
        o.Byte(Version);
        switch (e)
        {
            case RunsAdded added:
                o.Byte((byte)Kind.Added);
                WriteTexts(o, added.RunIds);
                break;
            case RowsSettled settled:
                o.Byte((byte)Kind.Settled);
                new RunRowWriter(output).Write(settled.Rows.Count, settled.Rows);
                break;
            case RowsUnsettled unsettled:
                o.Byte((byte)Kind.Unsettled);
                WriteTexts(o, unsettled.RunIds);
                break;
            case RunsRemoved removed:
                o.Byte((byte)Kind.Removed);
                WriteTexts(o, removed.RunIds);
                break;
            case RunsMoved moved:
                o.Byte((byte)Kind.Moved);
                o.Byte((byte)moved.Stage);
                break;
            default:
                throw new NotSupportedException($"{e.GetType().Name} has no place in the journal.");
        }
    }

    public RunIndexEvent DecodeEvent(ReadOnlyMemory<byte> payload)
    {
        var i = Open(payload);
        var kind = (Kind)i.Byte();
        return kind switch
        {
            Kind.Added => new RunsAdded(ReadTexts(ref i)),
            Kind.Settled => new RowsSettled(ReadRows(ref i)),
            Kind.Unsettled => new RowsUnsettled(ReadTexts(ref i)),
            Kind.Removed => new RunsRemoved(ReadTexts(ref i)),
            Kind.Moved => new RunsMoved((LifecycleStage)i.Byte()),
            _ => throw new InvalidDataException($"Run index event kind {(byte)kind} is unknown to format {Version}."),
        };
    }

    public void EncodeState(RunIndexState state, IBufferWriter<byte> output)
    {
        var o = new BinaryOutput(output);
        o.Byte(Version);
        WriteTexts(o, [.. state.Unsettled]);
        new RunRowWriter(output).Write(state.Table.Rows.Count(r => r.Block.IsSettled(r.Row)), state.Settled);
    }

    public RunIndexState DecodeState(ReadOnlyMemory<byte> payload)
    {
        var i = Open(payload);
        var state = new RunIndexState();
        state.Apply(new RunsAdded(ReadTexts(ref i)));
        var reader = new RunRowReader();
        for (var left = i.Count(); left > 0; left--)
        {
            state.Apply(new RowsSettled([reader.Read(ref i)]));
        }

        return state;
    }

    private static BinaryInput Open(ReadOnlyMemory<byte> payload)
    {
        var input = new BinaryInput(payload.Span);
        var version = input.Byte();
        return version == Version ? input : throw new NotSupportedException($"Run index format {version} is newer than this program, which reads format {Version}.");
    }

    private static void WriteTexts(BinaryOutput o, IReadOnlyList<string> texts)
    {
        o.Count(texts.Count);
        foreach (var text in texts)
        {
            o.Text(text);
        }
    }

    private static string[] ReadTexts(ref BinaryInput i)
    {
        var texts = new string[i.Count()];
        for (var t = 0; t < texts.Length; t++)
        {
            texts[t] = i.Text();
        }

        return texts;
    }

    private static CollectedRun[] ReadRows(ref BinaryInput i)
    {
        var rows = new CollectedRun[i.Count()];
        var reader = new RunRowReader();
        for (var r = 0; r < rows.Length; r++)
        {
            rows[r] = reader.Read(ref i);
        }

        return rows;
    }
}
