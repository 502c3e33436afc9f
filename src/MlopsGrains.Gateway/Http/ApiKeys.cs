using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway.Http;

/// <summary>The configured keys, by digest.</summary>
internal sealed class ApiKeys(IOptions<AuthenticationOptions> options)
{
    private const int CharactersMax = 4096;

    private readonly (string Name, byte[] Digest)[] _keys = [.. options.Value.ApiKeys.Select(k => (k.Name, Convert.FromHexString(k.KeySha256)))];

    public bool AreConfigured => _keys.Length > 0;

    /// <summary>Who holds the key of an <c>Authorization</c> header, or <see langword="null"/>.</summary>
    public string? FindHolder(string authorization)
    {
        if (authorization.Length > CharactersMax || KeyOf(authorization) is not { Length: > 0 } key)
        {
            return null;
        }

        // Every key is compared in full, so that the time tells nothing about which digest was near.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        string? holder = null;
        foreach (var (name, expected) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(digest, expected))
            {
                holder = name;
            }
        }

        return holder;
    }

    private static string? KeyOf(string authorization)
    {
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return authorization[7..].Trim();
        }

        if (!authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[6..].Trim(), bytes, out var count))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, count);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
