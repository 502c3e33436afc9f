using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MlopsGrains.Grains.Journaling;

/// <summary>Writes compact binary payloads: whole numbers as variable-length bytes, texts as UTF-8 after their length, doubles little-endian.</summary>
internal readonly struct BinaryOutput(IBufferWriter<byte> output)
{
    public void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public void Unsigned(ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    public void Count(int value) => Unsigned((ulong)value);

    /// <summary>Small magnitudes of either sign are short.</summary>
    public void Signed(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    public void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>Eight bytes, whatever the number.</summary>
    public void Fixed(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Count(length);
        Encoding.UTF8.GetBytes(value, output.GetSpan(Math.Max(1, length)));
        output.Advance(length);
    }

    /// <summary>Bytes after their length.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Count(value.Length);
        output.Write(value);
    }

    /// <summary>A text that may be absent.</summary>
    public void Maybe(string? value)
    {
        Byte(value is null ? (byte)0 : (byte)1);
        if (value is not null)
        {
            Text(value);
        }
    }

    /// <summary>A number that may be absent.</summary>
    public void Maybe(long? value)
    {
        Byte(value is null ? (byte)0 : (byte)1);
        if (value is { } number)
        {
            Signed(number);
        }
    }

    /// <summary>Each number as the difference to the one before: steps and timestamps become a byte or two.</summary>
    public void Deltas(ReadOnlySpan<long> values)
    {
        var previous = 0L;
        foreach (var value in values)
        {
            Signed(unchecked(value - previous));
            previous = value;
        }
    }

    public void Doubles(ReadOnlySpan<double> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            output.Write(MemoryMarshal.AsBytes(values));
            return;
        }

        foreach (var value in values)
        {
            Double(value);
        }
    }
}
