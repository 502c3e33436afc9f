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

    private readonly List<string> _keys = [];
    private readonly List<byte[]> _bytes = [];
    private readonly List<int> _followers = [];
    private readonly Dictionary<byte[], int> _indexes = new(Utf8Comparer.Instance);
    private int _last = -1;

    public string this[int index] => _keys[index];

    public string[] ToArray() => [.. _keys];

    public void Clear()
    {
        _keys.Clear();
        _bytes.Clear();
        _followers.Clear();
        _indexes.Clear();
        _last = -1;
    }

    /// <summary>The index of a key given as UTF-8.</summary>
    public int IndexOf(ReadOnlySpan<byte> key)
    {
        if (_last >= 0)
        {
            if (key.SequenceEqual(_bytes[_last]))
            {
                return _last;
            }

            var follower = _followers[_last];
            if (follower >= 0 && key.SequenceEqual(_bytes[follower]))
            {
                return _last = follower;
            }
        }

        if (!_indexes.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var index))
        {
            index = Add(key);
        }

        if (_last >= 0)
        {
            _followers[_last] = index;
        }

        return _last = index;
    }

    private int Add(ReadOnlySpan<byte> key)
    {
        var index = _keys.Count;
        var bytes = key.ToArray();
        _keys.Add(Strict.GetString(bytes));
        _bytes.Add(bytes);
        _followers.Add(-1);
        _indexes.Add(bytes, index);
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
