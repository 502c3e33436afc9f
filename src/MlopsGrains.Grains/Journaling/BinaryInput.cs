using System.Buffers.Binary;
using System.Text;

namespace MlopsGrains.Grains.Journaling;

/// <summary>Reads what <see cref="BinaryOutput"/> wrote. A payload that ends early or holds impossible lengths is damage.</summary>
internal ref struct BinaryInput(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> rest = payload;

    public readonly bool AtEnd => rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public ulong Unsigned()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A number in the payload is longer than ten bytes.");
    }

    /// <summary>A number of things that each take at least <paramref name="bytesEach"/> bytes of the rest.</summary>
    public int Count(int bytesEach = 1)
    {
        var value = Unsigned();
        return value <= (ulong)(rest.Length / bytesEach) ? (int)value : throw new InvalidDataException($"The payload says {value} items and has {rest.Length} bytes left.");
    }

    public long Signed()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public ulong Fixed() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string Text() => Encoding.UTF8.GetString(Take(Count()));

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public string? MaybeText() => Byte() == 0 ? null : Text();

    public long? MaybeSigned() => Byte() == 0 ? null : Signed();

    public long[] Deltas(int count)
    {
        var values = new long[count];
        var previous = 0L;
        for (var i = 0; i < count; i++)
        {
            values[i] = previous = unchecked(previous + Signed());
        }

        return values;
    }

    public double[] Doubles(int count)
    {
        var values = new double[count];
        var bytes = Take(checked(count * 8));
        for (var i = 0; i < count; i++)
        {
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * 8)..]);
        }

        return values;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > rest.Length)
        {
            throw new InvalidDataException($"The payload ends {length - rest.Length} bytes early.");
        }

        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
