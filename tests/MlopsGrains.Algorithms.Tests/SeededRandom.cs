using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Tests;

/// <summary>
/// splitmix64 (Steele, Lea and Flood 2014): the same numbers from the same seed on every platform and release, which
/// System.Random does not promise. Not for security.
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong state = seed;

    /// <summary>The next 64 random bits.</summary>
    public ulong NextBits()
    {
        this.state += 0x9E3779B97F4A7C15UL;
        return StableHash.Mix(this.state);
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number in 0..<paramref name="below"/>-1, every one equally likely (Lemire 2019).</summary>
    /// <param name="below">1 or more.</param>
    public long Next(long below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        var range = (ulong)below;
        var threshold = (0UL - range) % range;
        while (true)
        {
            var high = Math.BigMul(NextBits(), range, out var low);
            if (low >= threshold)
            {
                return (long)high;
            }
        }
    }
}
