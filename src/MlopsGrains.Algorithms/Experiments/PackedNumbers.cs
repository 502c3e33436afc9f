using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace MlopsGrains.Algorithms.Experiments;

/// <summary>
/// A column of 64-bit numbers in blocks of 128: each block keeps a base and, for every number, its distance above the base in as many bits as most of
/// them need; the few that need more keep their upper bits apart (patched frame of reference, after Zukowski and others 2006). The column holds either the numbers or the
/// differences of neighbours, whichever is shorter. Arithmetic wraps, so every number is welcome.
/// </summary>
internal static class PackedNumbers
{
    private const int BlockLength = 128;
    private const byte HasPatches = 0x80;

    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<long> numbers)
    {
        var differences = new long[numbers.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            differences[i] = unchecked(numbers[i] - (i == 0 ? 0 : numbers[i - 1]));
        }

        var (plain, delta) = (WriteBlocks(numbers), WriteBlocks(differences));
        var asDelta = delta.WrittenCount < plain.WrittenCount;
        output.Write([asDelta ? (byte)1 : (byte)0]);
        output.Write((asDelta ? delta : plain).WrittenSpan);
    }

    public static void Read(ref ReadOnlySpan<byte> input, Span<long> numbers)
    {
        var order = ReadByte(ref input);
        if (order > 1)
        {
            throw new InvalidDataException($"A series column has order {order}, which is unknown.");
        }

        var previousBase = 0L;
        for (var start = 0; start < numbers.Length; start += BlockLength)
        {
            ReadBlock(ref input, numbers.Slice(start, Math.Min(BlockLength, numbers.Length - start)), ref previousBase);
        }

        if (order == 1)
        {
            for (var i = 1; i < numbers.Length; i++)
            {
                numbers[i] = unchecked(numbers[i] + numbers[i - 1]);
            }
        }
    }

    public static void WriteUnsigned(IBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    public static ulong ReadUnsigned(ref ReadOnlySpan<byte> input)
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = ReadByte(ref input);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A number in a series chunk is longer than ten bytes.");
    }

    public static byte ReadByte(ref ReadOnlySpan<byte> input) => Take(ref input, 1)[0];

    private static ArrayBufferWriter<byte> WriteBlocks(ReadOnlySpan<long> numbers)
    {
        var output = new ArrayBufferWriter<byte>(16 + (numbers.Length * 3));
        var previousBase = 0L;
        for (var start = 0; start < numbers.Length; start += BlockLength)
        {
            WriteBlock(output, numbers.Slice(start, Math.Min(BlockLength, numbers.Length - start)), ref previousBase);
        }

        return output;
    }

    private static void WriteBlock(ArrayBufferWriter<byte> output, ReadOnlySpan<long> block, ref long previousBase)
    {
        Span<long> sorted = stackalloc long[BlockLength];
        sorted = sorted[..block.Length];
        block.CopyTo(sorted);
        sorted.Sort();

        // The lowest number as base, or one a little above it when a few low ones would cost all others bits; those few wrap round and are patched.
        var (low, high) = (sorted[0], sorted[Math.Min(3, sorted.Length - 1)]);
        var (lowWidth, lowCost) = Narrowest(sorted, low);
        var (highWidth, highCost) = Narrowest(sorted, high);
        var (floor, width) = highCost < lowCost ? (high, highWidth) : (low, lowWidth);

        WriteUnsigned(output, ZigZag(unchecked(floor - previousBase)));
        previousBase = floor;
        var patches = 0;
        foreach (var number in block)
        {
            patches += Bits(Above(number, floor)) > width ? 1 : 0;
        }

        output.Write([(byte)(width | (patches > 0 ? HasPatches : 0))]);
        if (patches > 0)
        {
            output.Write([(byte)patches]);
            for (var i = 0; i < block.Length; i++)
            {
                var distance = Above(block[i], floor);
                if (Bits(distance) > width)
                {
                    output.Write([(byte)i]);
                    WriteUnsigned(output, distance >> width);
                }
            }
        }

        Pack(output, block, floor, width);
    }

    private static void ReadBlock(ref ReadOnlySpan<byte> input, Span<long> block, ref long previousBase)
    {
        var code = ReadUnsigned(ref input);
        var floor = previousBase = unchecked(previousBase + ((long)(code >> 1) ^ -(long)(code & 1)));
        var head = ReadByte(ref input);
        var width = head & ~HasPatches;
        if (width > 64)
        {
            throw new InvalidDataException($"A series block is {width} bits wide; at most 64.");
        }

        Span<ulong> upper = stackalloc ulong[BlockLength];
        if ((head & HasPatches) != 0)
        {
            upper.Clear();
            for (var left = ReadByte(ref input); left > 0; left--)
            {
                var index = ReadByte(ref input);
                var bits = ReadUnsigned(ref input);
                if (index >= block.Length || width == 64)
                {
                    throw new InvalidDataException("A series block has a patch outside it.");
                }

                upper[index] = bits << width;
            }
        }

        Unpack(Take(ref input, ((block.Length * width) + 7) / 8), block, floor, width);
        if ((head & HasPatches) != 0)
        {
            for (var i = 0; i < block.Length; i++)
            {
                block[i] = unchecked(block[i] + (long)upper[i]);
            }
        }
    }

    /// <summary>The width in bits at which packed and patched bytes together are fewest.</summary>
    private static (int Width, int Cost) Narrowest(ReadOnlySpan<long> numbers, long floor)
    {
        Span<int> ofBits = stackalloc int[65];
        ofBits.Clear();
        var widest = 0;
        foreach (var number in numbers)
        {
            var bits = Bits(Above(number, floor));
            ofBits[bits]++;
            widest = Math.Max(widest, bits);
        }

        var (best, cost) = (widest, ((numbers.Length * widest) + 7) / 8);
        for (var width = widest - 1; width >= 0; width--)
        {
            var patched = 1;
            for (var bits = width + 1; bits <= widest; bits++)
            {
                patched += ofBits[bits] * (1 + ((bits - width + 6) / 7));
            }

            var total = patched + (((numbers.Length * width) + 7) / 8);
            if (total < cost)
            {
                (best, cost) = (width, total);
            }
        }

        return (best, cost);
    }

    private static void Pack(ArrayBufferWriter<byte> output, ReadOnlySpan<long> block, long floor, int width)
    {
        var length = ((block.Length * width) + 7) / 8;
        var bytes = output.GetSpan(length + 8)[..length];
        var (buffer, filled, at) = (default(UInt128), 0, 0);
        var mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        foreach (var number in block)
        {
            buffer |= (UInt128)(Above(number, floor) & mask) << filled;
            for (filled += width; filled >= 8; filled -= 8)
            {
                bytes[at++] = (byte)buffer;
                buffer >>= 8;
            }
        }

        if (filled > 0)
        {
            bytes[at] = (byte)buffer;
        }

        output.Advance(length);
    }

    private static void Unpack(ReadOnlySpan<byte> packed, Span<long> block, long floor, int width)
    {
        if (width == 0)
        {
            block.Fill(floor);
            return;
        }

        // Room behind the last byte, so that eight can be read at every place.
        Span<byte> bytes = stackalloc byte[(BlockLength * 8) + 16];
        packed.CopyTo(bytes);
        bytes.Slice(packed.Length, 16).Clear();
        var mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        for (int i = 0, bit = 0; i < block.Length; i++, bit += width)
        {
            var (at, shift) = (bit >> 3, bit & 7);
            var distance = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]) >> shift;
            if (shift + width > 64)
            {
                distance |= (ulong)bytes[at + 8] << (64 - shift);
            }

            block[i] = unchecked(floor + (long)(distance & mask));
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> input, int length)
    {
        if (length > input.Length)
        {
            throw new InvalidDataException($"A series chunk ends {length - input.Length} bytes early.");
        }

        var taken = input[..length];
        input = input[length..];
        return taken;
    }

    private static ulong Above(long number, long floor) => unchecked((ulong)(number - floor));

    private static int Bits(ulong value) => 64 - BitOperations.LeadingZeroCount(value);

    private static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));
}
