using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// The distinct metric keys of one batch. A key becomes a string once, at its first point; later points are recognised by their bytes. Batches repeat their keys
/// in blocks (a, a, a, b, b, b) or in rounds (a, b, a, b), so the key of the last point and the one that followed it before are tried first.
/// </summary>
internal sealed class MetricKeyTable
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly List<string> keys = [];
    private readonly List<byte[]> bytes = [];
    private readonly List<int> followers = [];
    private readonly Dictionary<byte[], int> indexes = new(Utf8Comparer.Instance);
    private int last = -1;

    public string this[int index] => keys[index];

    public string[] ToArray() => [..keys];

    public void Clear()
    {
        keys.Clear();
        bytes.Clear();
        followers.Clear();
        indexes.Clear();
        last = -1;
    }

    /// <summary>The index of a key given as UTF-8.</summary>
    public int IndexOf(ReadOnlySpan<byte> key)
    {
        if (last >= 0)
        {
            if (key.SequenceEqual(bytes[last]))
            {
                return last;
            }

            var follower = followers[last];
            if (follower >= 0 && key.SequenceEqual(bytes[follower]))
            {
                return last = follower;
            }
        }

        if (!indexes.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var index))
        {
            index = Add(key);
        }

        if (last >= 0)
        {
            followers[last] = index;
        }

        return last = index;
    }

    private int Add(ReadOnlySpan<byte> key)
    {
        var index = keys.Count;
        var bytes = key.ToArray();
        keys.Add(Strict.GetString(bytes));
        this.bytes.Add(bytes);
        followers.Add(-1);
        indexes.Add(bytes, index);
        return index;
    }

    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static Utf8Comparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
