using System.Buffers.Binary;

namespace MlopsGrains.Storage.Blobs;

/// <summary>SHA-256 digests, 32 bytes each, that are looked for in bytes.</summary>
internal sealed class DigestSet
{
    private const int Length = 64;

    private static readonly sbyte[] Values = MakeValues();

    private readonly HashSet<(ulong, ulong, ulong, ulong)> digests = [];

    public int Count => digests.Count;

    /// <param name="digest">64 hexadecimal digits.</param>
    public void Add(string digest) => digests.Add(Key(Convert.FromHexString(digest)));

    /// <summary>In order, as 64 lower-case hexadecimal digits.</summary>
    public IReadOnlyList<string> ToList() => [.. digests.Order().Select(Text)];

    /// <summary>Takes out every digest that is written in the bytes as hexadecimal digits of either case, also inside a longer row of digits.</summary>
    public void RemoveNamedIn(ReadOnlySpan<byte> bytes)
    {
        var digits = 0;
        ulong a = 0, b = 0, c = 0, d = 0;
        foreach (var character in bytes)
        {
            var value = Values[character];
            if (value < 0)
            {
                digits = 0;
                continue;
            }

            a = (a << 4) | (b >> 60);
            b = (b << 4) | (c >> 60);
            c = (c << 4) | (d >> 60);
            d = (d << 4) | (byte)value;
            if (++digits >= Length)
            {
                digests.Remove((a, b, c, d));
            }
        }
    }

    private static (ulong A, ulong B, ulong C, ulong D) Key(ReadOnlySpan<byte> bytes) => (
        BinaryPrimitives.ReadUInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    private static string Text((ulong A, ulong B, ulong C, ulong D) key) => $"{key.A:x16}{key.B:x16}{key.C:x16}{key.D:x16}";

    private static sbyte[] MakeValues()
    {
        var values = new sbyte[256];
        Array.Fill(values, (sbyte)-1);
        for (var i = 0; i < 16; i++)
        {
            values["0123456789abcdef"[i]] = (sbyte)i;
            values["0123456789ABCDEF"[i]] = (sbyte)i;
        }

        return values;
    }
}
