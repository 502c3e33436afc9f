using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MlopsGrains.Algorithms.Data;

/// <summary>Which part of a split each row goes to. A row's place depends on the seed and its position only, so the same table split again gives the same rows on every machine.</summary>
public static class RowSplit
{
    /// <summary>The part of each row: 0 for what is left, 1 for the first fraction, and so on.</summary>
    /// <param name="rows">How many rows, 0 or more.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="fractions">Shares of the parts from 1 on, each in [0, 1], together at most 1. Each is met to the nearest whole row.</param>
    /// <param name="stratum">What a row is split apart by; each share is then met within every value. <see langword="null"/> for none.</param>
    /// <exception cref="ArgumentException">A fraction, or their sum, is out of range.</exception>
    public static int[] Parts(int rows, long seed, IReadOnlyList<double> fractions, Func<int, string>? stratum = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentNullException.ThrowIfNull(fractions);
        if (fractions.Any(f => f is not (>= 0 and <= 1)) || fractions.Sum() > 1 + 1e-9)
        {
            throw new ArgumentException($"The fractions {string.Join(", ", fractions)} must each be in [0, 1] and add up to at most 1.", nameof(fractions));
        }

        var parts = new int[rows];
        foreach (var group in Enumerable.Range(0, rows).GroupBy(row => stratum?.Invoke(row) ?? "", StringComparer.Ordinal))
        {
            var order = group.OrderBy(row => Rank(seed, row)).ThenBy(row => row).ToList();
            var at = 0;
            for (var p = 0; p < fractions.Count; p++)
            {
                var count = (int)Math.Round(order.Count * fractions[p], MidpointRounding.AwayFromZero);
                foreach (var row in order.Skip(at).Take(count))
                {
                    parts[row] = p + 1;
                }

                at += count;
            }
        }

        return parts;
    }

    // A hash, not System.Random: its sequence may change between runtimes, a stored split must not.
    private static ulong Rank(long seed, int row)
    {
        Span<byte> input = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(input, seed);
        BinaryPrimitives.WriteInt32LittleEndian(input[8..], row);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
