using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace MlopsGrains.Algorithms.Experiments;

/// <summary>
/// Compresses points of a series without loss: a chunk is a format byte, the number of points, three columns (steps, timestamps, values) and a checksum.
/// Points keep their order. NaNs lose their payload, every other double comes back bit for bit. A training curve whose values were born as 32-bit floats, with
/// regular steps and jittered times, takes four to five bytes a point.
/// </summary>
public static class SeriesCodec
{
    /// <summary>Most points in one chunk.</summary>
    public const int PointsMax = 65_536;

    private const byte Format = 1;
    private const int ChecksumBytes = 4;

    /// <summary>Encodes columns of one length, at most <see cref="PointsMax"/> points.</summary>
    public static byte[] Encode(ReadOnlySpan<long> timestamps, ReadOnlySpan<long> steps, ReadOnlySpan<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(values.Length, PointsMax, nameof(values));
        ArgumentOutOfRangeException.ThrowIfNotEqual(timestamps.Length, values.Length, nameof(timestamps));
        ArgumentOutOfRangeException.ThrowIfNotEqual(steps.Length, values.Length, nameof(steps));
        var output = new ArrayBufferWriter<byte>(64 + (values.Length * 6));
        output.Write([Format]);
        PackedNumbers.WriteUnsigned(output, (ulong)values.Length);
        if (values.Length > 0)
        {
            PackedNumbers.Write(output, steps);
            PackedNumbers.Write(output, timestamps);
            var (form, numbers) = DoubleForm.Convert(values);
            output.Write([form]);
            PackedNumbers.Write(output, numbers);
        }

        var checksum = XxHash32.HashToUInt32(output.WrittenSpan);
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(ChecksumBytes), checksum);
        output.Advance(ChecksumBytes);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes what <see cref="Encode"/> made.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    /// <exception cref="NotSupportedException">A later program wrote them.</exception>
    public static SeriesPoints Decode(ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length < ChecksumBytes + 2 || XxHash32.HashToUInt32(chunk[..^ChecksumBytes]) != BinaryPrimitives.ReadUInt32LittleEndian(chunk[^ChecksumBytes..]))
        {
            throw new InvalidDataException($"A series chunk of {chunk.Length} bytes is damaged: its checksum does not match.");
        }

        if (chunk[0] != Format)
        {
            throw new NotSupportedException($"Series chunk format {chunk[0]} is newer than this program, which reads format {Format}.");
        }

        var rest = chunk[1..^ChecksumBytes];
        var count = PackedNumbers.ReadUnsigned(ref rest);
        if (count > PointsMax)
        {
            throw new InvalidDataException($"A series chunk says {count} points; at most {PointsMax}.");
        }

        if (count == 0)
        {
            return SeriesPoints.Empty;
        }

        var points = new SeriesPoints(new long[count], new long[count], new double[count]);
        PackedNumbers.Read(ref rest, points.Steps);
        PackedNumbers.Read(ref rest, points.Timestamps);
        var form = PackedNumbers.ReadByte(ref rest);
        var numbers = new long[count];
        PackedNumbers.Read(ref rest, numbers);
        DoubleForm.Restore(form, numbers, points.Values);
        return rest.IsEmpty ? points : throw new InvalidDataException($"A series chunk has {rest.Length} bytes too many.");
    }
}
