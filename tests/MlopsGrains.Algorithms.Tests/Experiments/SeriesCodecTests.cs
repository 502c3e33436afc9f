using CsCheck;
using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class SeriesCodecTests
{
    private static readonly Gen<long> Whole = Gen.Frequency(
        (4, Gen.Long[-5, 500]),
        (2, Gen.Long),
        (1, Gen.OneOf(long.MinValue, long.MinValue + 1, -1, 0, 1, long.MaxValue - 1, long.MaxValue)));

    private static readonly Gen<double> Number = Gen.Frequency(
        (3, Gen.Double[-2, 2].Select(v => (double)(float)v)),
        (3, Gen.Int[-1000, 1000].Select(v => v / 100.0)),
        (2, Gen.Double),
        (1, Gen.Long.Select(BitConverter.Int64BitsToDouble)),
        (1, Gen.OneOf(double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0, 0.0, double.Epsilon, double.MaxValue, double.MinValue, float.Epsilon, 9_007_199_254_740_993.0)));

    /// <summary>Columns of one kind of number, and of all kinds mixed.</summary>
    private static readonly Gen<(long T, long S, double V)[]> Points = Gen.Int[0, 400].SelectMany(n => Gen.OneOf(
        Gen.Select(Whole, Whole, Number).Array[n],
        Gen.Select(Whole, Whole, Gen.Double[-2, 2].Select(v => (double)(float)v)).Array[n],
        Gen.Select(Whole, Whole, Gen.Int[-1000, 1000].Select(v => v / 1000.0)).Array[n]));

    [Fact]
    public void EveryPoint_ComesBackBitForBit() => Points.Sample(points =>
    {
        var (timestamps, steps, values) = Columns(points);

        var decoded = SeriesCodec.Decode(SeriesCodec.Encode(timestamps, steps, values));

        Assert.Equal(timestamps, decoded.Timestamps);
        Assert.Equal(steps, decoded.Steps);
        Assert.Equal(values.Select(Bits), decoded.Values.Select(Bits));
    });

    [Fact]
    public void Damage_IsFound() => Gen.Select(Points, Gen.Int, Gen.Int[1, 255], Gen.Bool).Sample((points, at, change, cut) =>
    {
        var (timestamps, steps, values) = Columns(points);
        var chunk = SeriesCodec.Encode(timestamps, steps, values);
        var place = (int)((uint)at % (uint)chunk.Length);
        if (cut)
        {
            chunk = chunk[..place];
        }
        else
        {
            chunk[place] ^= (byte)change;
        }

        Assert.Throws<InvalidDataException>(() => SeriesCodec.Decode(chunk));
    });

    /// <summary>Behind a right checksum, too: bytes that no encoder wrote are an error and never a crash or a huge allocation.</summary>
    [Fact]
    public void Nonsense_IsAnError() => Gen.Byte.Array[2, 200].Sample(body =>
    {
        body[0] = 1;
        var chunk = new byte[body.Length + 4];
        body.CopyTo(chunk, 0);
        BitConverter.TryWriteBytes(chunk.AsSpan(body.Length), System.IO.Hashing.XxHash32.HashToUInt32(body));
        try
        {
            Assert.InRange(SeriesCodec.Decode(chunk).Count, 0, SeriesCodec.PointsMax);
        }
        catch (InvalidDataException)
        {
        }
    });

    [Fact]
    public void RealisticTrainingCurve_TakesAtMostFiveBytesAPoint()
    {
        var (timestamps, steps, values) = TrainingCurve(8192);

        Assert.InRange(SeriesCodec.Encode(timestamps, steps, values).Length / 8192.0, 1, 5);
    }

    [Fact]
    public void Golden_StaysReadable_AndIsWhatIsWritten()
    {
        const string Golden = "01030102880102ffffffffffffff3f0400f900c8a1abfef962080000c80100818080fc0f200100c0be0000c07f00000000a347bb33";
        long[] timestamps = [1_700_000_000_100, 1_700_000_000_100, 1_700_000_000_300];
        long[] steps = [5, 6, long.MinValue];
        double[] values = [0.5, -0.0, double.NaN];

        Assert.Equal(Golden, Convert.ToHexStringLower(SeriesCodec.Encode(timestamps, steps, values)));
        Assert.Equal(values, SeriesCodec.Decode(Convert.FromHexString(Golden)).Values);
    }

    internal static (long[] Timestamps, long[] Steps, double[] Values) TrainingCurve(int count)
    {
        var random = new Random(7);
        var (timestamps, steps, values) = (new long[count], new long[count], new double[count]);
        var now = 1_700_000_000_000.0;
        for (var i = 0; i < count; i++)
        {
            now += 120 + (15 * Gauss(random)) + (i % 500 == 499 ? 8_000 : 0);
            timestamps[i] = (long)now;
            steps[i] = i;
            values[i] = (float)((2.3 * Math.Exp(-i / 3000.0)) + 0.2 + (0.05 * Gauss(random)));
        }

        return (timestamps, steps, values);
    }

    private static double Gauss(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static long Bits(double value) => double.IsNaN(value) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToInt64Bits(value);

    private static (long[] Timestamps, long[] Steps, double[] Values) Columns((long T, long S, double V)[] points) =>
        ([.. points.Select(p => p.T)], [.. points.Select(p => p.S)], [.. points.Select(p => p.V)]);
}
