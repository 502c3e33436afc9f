using System.Buffers.Text;
using System.Security.Cryptography;

namespace MlopsGrains.Gateway.Access;

/// <summary>Texts that callers carry and cannot read or change: AES-GCM under a random nonce, as base64url.</summary>
internal static class Sealing
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <param name="plain">What is closed.</param>
    /// <param name="key">16, 24 or 32 bytes.</param>
    /// <param name="whose">What has to be said again when it is opened.</param>
    public static string Close(byte[] plain, byte[] key, byte[]? whose = null)
    {
        var closed = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(closed.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(closed.AsSpan(0, NonceBytes), plain, closed.AsSpan(NonceBytes, plain.Length), closed.AsSpan(NonceBytes + plain.Length), whose);
        return Base64Url.EncodeToString(closed);
    }

    /// <summary>What was closed; <see langword="null"/> when it was not closed here, or for somebody else.</summary>
    public static byte[]? Open(string text, byte[] key, byte[]? whose = null)
    {
        if (!Base64Url.IsValid(text) || Base64Url.DecodeFromChars(text) is not { Length: > NonceBytes + TagBytes } closed)
        {
            return null;
        }

        var plain = new byte[closed.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(key, TagBytes);
        try
        {
            cipher.Decrypt(closed.AsSpan(0, NonceBytes), closed.AsSpan(NonceBytes, plain.Length), closed.AsSpan(NonceBytes + plain.Length), plain, whose);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
