using System.Text;

namespace MlopsGrains.Gateway.Access;

/// <summary>The user and password of basic authentication.</summary>
internal readonly record struct BasicCredentials(string User, string Password)
{
    /// <summary>Longest <c>Authorization</c> header that is looked at.</summary>
    public const int HeaderUnitsMax = 4096;

    /// <summary>The header of a user and a password.</summary>
    public static string Write(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    /// <summary>Reads an <c>Authorization</c> header; <see langword="null"/> when it is none of this kind.</summary>
    public static BasicCredentials? Read(string authorization)
    {
        if (authorization.Length > HeaderUnitsMax || !authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
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
        return colon < 0 ? null : new BasicCredentials(pair[..colon], pair[(colon + 1)..]);
    }
}
