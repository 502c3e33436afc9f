using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Errors;

namespace MlopsGrains.Paging;

/// <summary>
/// Page tokens: a place in the order of one list, after a checksum over both, so a token that was changed, cut or given out by another query is refused. Nothing
/// secret is in it: whoever makes one with a right checksum only names a place to go on from.
/// </summary>
public static class PageToken
{
    private const int SealLength = 16;

    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The token of a place.</summary>
    /// <param name="list">Names the list and all of its query that the place depends on.</param>
    /// <param name="place">Goes through JSON.</param>
    public static string Write<T>(string list, T place)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(place, Json);
        return Base64Url.EncodeToString([.. Seal(list, bytes), .. bytes]);
    }

    /// <summary>The place of a token that <see cref="Write"/> made for the same list; <see langword="null"/> for no token.</summary>
    /// <param name="list">As it was written.</param>
    /// <param name="token">May be <see langword="null"/> or empty.</param>
    /// <param name="isPlace">Whether what was read is a place of this list.</param>
    /// <param name="field">The request's field.</param>
    /// <exception cref="MlopsException"><see cref="ErrorKind.InvalidInput"/>: the list gave out no such token.</exception>
    public static T? Read<T>(string list, string? token, Func<T, bool>? isPlace = null, string field = "pageToken")
        where T : class
    {
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        if (Base64Url.IsValid(token) && Base64Url.DecodeFromChars(token) is { Length: > SealLength } bytes
            && Seal(list, bytes.AsSpan(SealLength)).AsSpan().SequenceEqual(bytes.AsSpan(0, SealLength))
            && Place<T>(bytes.AsSpan(SealLength)) is { } place && (isPlace is null || isPlace(place)))
        {
            return place;
        }

        throw MlopsException.Invalid(field, "Invalid page token, could not base64-decode it as a place in this list: it was not given out by this list with this filter and order.");
    }

    private static T? Place<T>(ReadOnlySpan<byte> bytes)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Seal(string list, ReadOnlySpan<byte> place)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var name = Encoding.UTF8.GetBytes(list);
        hash.AppendData(BitConverter.GetBytes(name.Length));
        hash.AppendData(name);
        hash.AppendData(place);
        return hash.GetHashAndReset()[..SealLength];
    }
}
