using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway.Access;

/// <summary>The configured keys, by digest.</summary>
internal sealed class ApiKeys(IOptions<AuthenticationOptions> options)
{
    private readonly (string Name, byte[] Digest)[] keys = [.. options.Value.ApiKeys.Select(k => (k.Name, Convert.FromHexString(k.KeySha256)))];

    /// <summary>Who holds the key of an <c>Authorization</c> header, or <see langword="null"/>.</summary>
    public string? FindHolder(string authorization)
    {
        if (keys.Length == 0 || authorization.Length > BasicCredentials.HeaderUnitsMax || KeyOf(authorization) is not { Length: > 0 } key)
        {
            return null;
        }

        // Every key is compared in full, so that the time tells nothing about which digest was near.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        string? holder = null;
        foreach (var (name, expected) in keys)
        {
            if (CryptographicOperations.FixedTimeEquals(digest, expected))
            {
                holder = name;
            }
        }

        return holder;
    }

    /// <summary>The digest of a holder's key, or <see langword="null"/> when there is no such key.</summary>
    public byte[]? DigestOf(string holder) => Array.Find(keys, k => k.Name == holder).Digest;

    private static string? KeyOf(string authorization)
    {
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return authorization[7..].Trim();
        }

        return BasicCredentials.Read(authorization)?.Password;
    }
}
