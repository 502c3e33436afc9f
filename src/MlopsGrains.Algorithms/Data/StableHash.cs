namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// 64-bit hashes that are the same on every platform, process and release: they are stored. FNV-1a, finished by
/// splitmix64's mixer (Steele, Lea and Flood 2014). Not for security.
/// </summary>
public static class StableHash
{
    /// <summary>The hash of a text, over its UTF-16 units, low byte first.</summary>
    public static ulong Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Of(text.AsSpan());
    }

    /// <summary>The hash of a text, over its UTF-16 units, low byte first.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in text)
        {
            hash = (hash ^ (byte)unit) * 1099511628211UL;
            hash = (hash ^ (byte)(unit >> 8)) * 1099511628211UL;
        }

        return Mix(hash);
    }

    /// <summary>The hash of a number; 0.0 and -0.0 are one value, as are all NaNs.</summary>
    public static ulong Of(double value)
    {
        var canonical = value == 0 ? 0.0 : double.IsNaN(value) ? double.NaN : value;
        return Mix(BitConverter.DoubleToUInt64Bits(canonical) + 0x9E3779B97F4A7C15UL);
    }

    /// <summary>splitmix64's finishing mixer: a bijection in which every input bit moves about half of the output bits.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
