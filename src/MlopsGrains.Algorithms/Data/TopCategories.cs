namespace MlopsGrains.Algorithms.Data;

/// <summary>One frequent category.</summary>
/// <param name="Name">The category.</param>
/// <param name="Count">Rows, never too few.</param>
/// <param name="MaxError">By how much it may be too many; 0 while exact.</param>
public sealed record TopCategory(string Name, long Count, long MaxError);

/// <summary>
/// The most frequent categories in bounded memory: exact while there are at most <see cref="Capacity"/>, space-saving above
/// (Metwally, Agrawal and El Abbadi 2005; merged as Agarwal et al. 2012). Error at most rows / capacity. Not thread-safe.
/// </summary>
public sealed class TopCategories
{
    /// <summary>Categories that are kept.</summary>
    public const int Capacity = 1_024;

    private readonly Dictionary<string, (long Count, long Error)> kept = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, (long Count, string Name)> least = new(Comparer<(long Count, string Name)>.Create(
        static (a, b) => a.Count != b.Count ? a.Count.CompareTo(b.Count) : string.CompareOrdinal(a.Name, b.Name)));

    /// <summary>Whether every count is exact.</summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>Counts one row.</summary>
    public void Add(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (kept.TryGetValue(name, out var old))
        {
            kept[name] = (old.Count + 1, old.Error);
            return;
        }

        if (kept.Count < Capacity)
        {
            Keep(name, 1, 0);
            return;
        }

        var floor = DropLeast();
        IsExact = false;
        Keep(name, floor + 1, floor);
    }

    /// <summary>A new summary of both streams; exact when both are and the categories fit together.</summary>
    public TopCategories Merge(TopCategories other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (floorHere, floorThere) = (Floor(), other.Floor());
        var all = kept.Keys.Union(other.kept.Keys, StringComparer.Ordinal).Select(name =>
        {
            var here = kept.TryGetValue(name, out var a) ? a : (Count: floorHere, Error: floorHere);
            var there = other.kept.TryGetValue(name, out var b) ? b : (Count: floorThere, Error: floorThere);
            return new TopCategory(name, here.Count + there.Count, here.Error + there.Error);
        }).OrderByDescending(one => one.Count).ThenBy(one => one.Name, StringComparer.Ordinal).ToArray();
        var merged = new TopCategories { IsExact = IsExact && other.IsExact && all.Length <= Capacity };
        foreach (var one in all.Take(Capacity))
        {
            merged.Keep(one.Name, one.Count, one.MaxError);
        }

        return merged;
    }

    /// <summary>The most frequent ones by falling count, ties by ordinal name.</summary>
    /// <param name="count">At most this many, 1..<see cref="Capacity"/>.</param>
    public IReadOnlyList<TopCategory> Top(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return [..kept.Select(pair => new TopCategory(pair.Key, pair.Value.Count, pair.Value.Error))
            .OrderByDescending(one => one.Count).ThenBy(one => one.Name, StringComparer.Ordinal).Take(count)];
    }

    // What a category that is not kept may have at most.
    private long Floor() => IsExact ? 0 : kept.Values.Min(one => one.Count);

    private void Keep(string name, long count, long error)
    {
        kept.Add(name, (count, error));
        least.Enqueue(name, (count, name));
    }

    // The queue holds old counts; counts only rise, so a stale head goes back with its present count.
    private long DropLeast()
    {
        while (true)
        {
            least.TryDequeue(out var name, out var queued);
            var count = kept[name!].Count;
            if (count == queued.Count)
            {
                kept.Remove(name!);
                return count;
            }

            least.Enqueue(name!, (count, name!));
        }
    }
}
