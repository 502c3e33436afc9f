using System.Buffers;
using System.Text;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Bytes cut into the segments of a sequence, as they come from a network.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> One(string text) => new(Encoding.UTF8.GetBytes(text));

    public static ReadOnlySequence<byte> Cut(byte[] bytes, Random random, int lengthMax)
    {
        Segment? first = null, last = null;
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(random.Next(1, lengthMax + 1), bytes.Length - at);
            last = last is null ? first = new Segment(bytes.AsMemory(at, length)) : last.Append(bytes.AsMemory(at, length));
            at += length;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
