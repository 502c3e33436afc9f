using StableHash = MlopsGrains.Algorithms.Data.StableHash;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Counts distinct values: exactly up to its limit (at least), far above it by the k smallest hashes (relative error about 1/√k: 1 % at 10,000).
/// The sketch of Algorithms is smaller and merges; a profile promises an exact count up to 10,000, which it does not keep.
/// </summary>
internal sealed class DistinctValues(int exactMax)
{
    private readonly HashSet<ulong> hashes = [];
    private ulong threshold = ulong.MaxValue;

    public long Count => threshold == ulong.MaxValue
        ? hashes.Count
        : (long)Math.Round((hashes.Count - 1) / (Largest() / (double)ulong.MaxValue));

    public void Add(ReadOnlySpan<char> value)
    {
        var hash = StableHash.Of(value);
        if (hash <= threshold && hashes.Add(hash) && hashes.Count > 2 * exactMax)
        {
            Shrink();
        }
    }

    private void Shrink()
    {
        var sorted = hashes.ToArray();
        Array.Sort(sorted);
        threshold = sorted[exactMax - 1];
        hashes.RemoveWhere(h => h > threshold);
    }

    private ulong Largest() => hashes.Max();
}
