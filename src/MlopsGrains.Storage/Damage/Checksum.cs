using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace MlopsGrains.Storage.Damage;

/// <summary>
/// What is stored beside each payload: 64 bits over the payload and the place that it belongs to, so that a whole payload in the wrong place is found as well. It finds accidents, not
/// forgeries. A payload without one was written by a program that did not know of them, and is not checked.
/// </summary>
internal static class Checksum
{
    private const ulong Odd = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Of an entry, which is found by its stream and version only where both fit.</summary>
    public static long OfEntry(long version, ReadOnlySpan<byte> payload) => Of(0, version, payload);

    public static long OfSnapshot(string stream, long version, ReadOnlySpan<byte> payload) => Of(OfName(stream), version, payload);

    public static long OfChunk(string stream, string series, long number, ReadOnlySpan<byte> payload) => Of(unchecked((OfName(stream) * Odd) + OfName(series)), number, payload);

    private static long Of(ulong place, long number, ReadOnlySpan<byte> payload) => unchecked((long)(XxHash3.HashToUInt64(payload) ^ (place + ((ulong)number * Odd))));

    private static ulong OfName(string name) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(name.AsSpan()));
}
