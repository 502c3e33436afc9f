namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Counts distinct values by their hashes: exactly up to a limit, by <see cref="HyperLogLog"/> above. Merging gives the same state as
/// one pass. Not thread-safe.
/// </summary>
public sealed class DistinctCounter
{
    /// <summary>Distinct values that are counted exactly (up to collisions of 64-bit hashes).</summary>
    public const int ExactLimit = 1_024;

    private HashSet<ulong>? exact = [];
    private HyperLogLog? sketch;

    /// <summary>Whether the count is exact.</summary>
    public bool IsExact => exact is not null;

    /// <summary>Distinct values, 0 or more; an estimate with 1.6 % standard error when not <see cref="IsExact"/>.</summary>
    public long Count => exact?.Count ?? Math.Max(ExactLimit + 1L, (long)Math.Round(sketch!.Estimate()));

    /// <summary>Adds a value by its hash.</summary>
    public void Add(ulong hash)
    {
        if (exact is null)
        {
            sketch!.Add(hash);
            return;
        }

        exact.Add(hash);
        if (exact.Count > ExactLimit)
        {
            sketch = ToSketch();
            exact = null;
        }
    }

    /// <summary>A new counter of both streams.</summary>
    public DistinctCounter Merge(DistinctCounter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var merged = new DistinctCounter();
        if (exact is not null && other.exact is not null)
        {
            foreach (var hash in exact.Concat(other.exact))
            {
                merged.Add(hash);
            }

            return merged;
        }

        merged.sketch = ToSketch().Merge(other.ToSketch());
        merged.exact = null;
        return merged;
    }

    /// <summary>The hashes while exact, ascending; else null.</summary>
    public ulong[]? ExactHashes() => exact?.Order().ToArray();

    /// <summary>The sketch of what was added so far.</summary>
    public HyperLogLog ToSketch()
    {
        var sketch = new HyperLogLog();
        foreach (var hash in exact ?? [])
        {
            sketch.Add(hash);
        }

        return this.sketch is null ? sketch : sketch.Merge(this.sketch);
    }
}
