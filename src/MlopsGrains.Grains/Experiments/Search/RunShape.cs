namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>The keys that a row has, each list in ordinal order. Rows of one shape share blocks whose columns have no gaps.</summary>
internal sealed class RunShape(string[] metrics, string[] parameters, string[] tags) : IEquatable<RunShape>
{
    private readonly int hash = Hash(metrics, parameters, tags);

    public string[] Metrics => metrics;

    public string[] Params => parameters;

    public string[] Tags => tags;

    /// <summary>Params first, then tags.</summary>
    public int Texts => parameters.Length + tags.Length;

    /// <summary>All but the last are full.</summary>
    public List<RunBlock> Blocks { get; } = [];

    /// <summary>Column of a metric, or negative.</summary>
    public int MetricAt(string key) => Array.BinarySearch(metrics, key, StringComparer.Ordinal);

    /// <summary>Column of a param among the texts, or negative.</summary>
    public int ParamAt(string key) => Array.BinarySearch(parameters, key, StringComparer.Ordinal);

    /// <summary>Column of a tag among the texts, or negative.</summary>
    public int TagAt(string key) => Array.BinarySearch(tags, key, StringComparer.Ordinal) is >= 0 and var at ? parameters.Length + at : -1;

    public bool Equals(RunShape? other) =>
        other is not null && hash == other.hash && Same(metrics, other.Metrics) && Same(parameters, other.Params) && Same(tags, other.Tags);

    public override bool Equals(object? obj) => Equals(obj as RunShape);

    public override int GetHashCode() => hash;

    private static bool Same(string[] x, string[] y) => x.AsSpan().SequenceEqual(y);

    private static int Hash(params string[][] lists)
    {
        var hash = new HashCode();
        foreach (var list in lists)
        {
            hash.Add(list.Length);
            foreach (var key in list)
            {
                hash.Add(key);
            }
        }

        return hash.ToHashCode();
    }
}
