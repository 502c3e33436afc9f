using System.Numerics;

namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Distinct count in 4,096 bytes: HyperLogLog (Flajolet et al. 2007) with p = 12 and Ertl's improved estimator (2017), which needs no
/// bias table. Standard error 1.04/√4096 = 1.6 %. Merging takes maxima, so any tree of merges equals one pass exactly.
/// </summary>
public sealed class HyperLogLog
{
    private const int Precision = 12;
    private const int Size = 1 << Precision;
    private const int MaxRank = 64 - Precision + 1;
    private readonly byte[] registers;

    /// <summary>An empty sketch.</summary>
    public HyperLogLog() => registers = new byte[Size];

    private HyperLogLog(byte[] registers) => this.registers = registers;

    /// <summary>Adds a value by its hash (<see cref="StableHash"/>).</summary>
    public void Add(ulong hash)
    {
        var index = (int)(hash >> (64 - Precision));
        var rank = (byte)Math.Min(BitOperations.LeadingZeroCount(hash << Precision) + 1, MaxRank);
        registers[index] = Math.Max(registers[index], rank);
    }

    /// <summary>A new sketch of both streams.</summary>
    public HyperLogLog Merge(HyperLogLog other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var merged = ToArray();
        for (var i = 0; i < Size; i++)
        {
            merged[i] = Math.Max(merged[i], other.registers[i]);
        }

        return new HyperLogLog(merged);
    }

    /// <summary>The estimated number of distinct values, 0 or more.</summary>
    public double Estimate()
    {
        Span<int> counts = stackalloc int[MaxRank + 1];
        foreach (var register in registers)
        {
            counts[register]++;
        }

        var z = Size * Tau(1 - ((double)counts[MaxRank] / Size));
        for (var rank = MaxRank - 1; rank >= 1; rank--)
        {
            z = 0.5 * (z + counts[rank]);
        }

        z += Size * Sigma((double)counts[0] / Size);
        return Size / (2 * Math.Log(2)) * Size / z;
    }

    /// <summary>The registers, for storing.</summary>
    public byte[] ToArray() => [..registers];

    /// <summary>The sketch that <see cref="ToArray"/> came from.</summary>
    public static HyperLogLog FromArray(ReadOnlySpan<byte> registers)
    {
        if (registers.Length != Size || registers.ContainsAnyInRange((byte)(MaxRank + 1), byte.MaxValue))
        {
            throw new ArgumentException($"A sketch has {Size} registers of 0..{MaxRank}; came {registers.Length}.", nameof(registers));
        }

        return new HyperLogLog(registers.ToArray());
    }

    private static double Sigma(double x)
    {
        if (x >= 1)
        {
            return double.PositiveInfinity;
        }

        var (y, z, last) = (1.0, x, -1.0);
        while (!z.Equals(last))
        {
            x *= x;
            last = z;
            z += x * y;
            y += y;
        }

        return z;
    }

    private static double Tau(double x)
    {
        if (x is <= 0 or >= 1)
        {
            return 0;
        }

        var (y, z, last) = (1.0, 1 - x, -1.0);
        while (!z.Equals(last))
        {
            x = Math.Sqrt(x);
            last = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }

        return z / 3;
    }
}
