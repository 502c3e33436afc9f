namespace MlopsGrains.Algorithms.Tests;

/// <summary>Splits a stream at random and merges the parts in a random tree.</summary>
internal static class MergeTree
{
    public static List<T> Split<TValue, T>(TValue[] values, int seed, Func<TValue[], T> count)
    {
        var random = new Random(seed);
        var parts = new List<T>();
        for (var start = 0; start < values.Length;)
        {
            var end = Math.Min(start + random.Next(1, 60), values.Length);
            parts.Add(count(values[start..end]));
            start = end;
        }

        return parts;
    }

    public static T? Fold<T>(List<T> parts, int seed, Func<T, T, T> merge)
        where T : class
    {
        var random = new Random(seed + 1);
        while (parts.Count > 1)
        {
            var taken = parts[random.Next(parts.Count)];
            parts.Remove(taken);
            var other = random.Next(parts.Count);
            parts[other] = merge(parts[other], taken);
        }

        return parts.FirstOrDefault();
    }
}
