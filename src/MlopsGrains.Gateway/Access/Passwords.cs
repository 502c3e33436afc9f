using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>Passwords leave the gateway as salted, slow hashes only.</summary>
internal static class Passwords
{
    /// <summary>About 0.1 s of one core, which is what a guess costs too.</summary>
    private const int Iterations = 210_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 64;

    /// <summary>Checked against when there is no such user, so that the time does not tell.</summary>
    public static PasswordHash Nobody { get; } = new(Iterations, Convert.ToBase64String(new byte[SaltBytes]), Convert.ToBase64String(new byte[HashBytes]));

    public static PasswordHash Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(Iterations, Convert.ToBase64String(salt), Convert.ToBase64String(Derive(password, salt, Iterations)));
    }

    public static bool Matches(string password, PasswordHash hash) =>
        CryptographicOperations.FixedTimeEquals(Derive(password, Convert.FromBase64String(hash.Salt), hash.Iterations), Convert.FromBase64String(hash.Hash));

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}
