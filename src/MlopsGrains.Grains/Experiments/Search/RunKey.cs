using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>A run's id in sixteen bytes. Generated ids are 32 lower-case hex digits and lose nothing; of any other the key is a hash, kept beside its text.</summary>
internal static class RunKey
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static (UInt128 Key, string? OddId) Of(string id)
    {
        if (id.Length == 32 && !id.AsSpan().ContainsAnyExcept(Digits))
        {
            return (UInt128.Parse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), null);
        }

        return (BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(id))), id);
    }

    public static string Text(UInt128 key) => key.ToString("x32", CultureInfo.InvariantCulture);
}
