using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;

namespace MlopsGrains.Gateway.Paging;

/// <summary>
/// Page tokens of users, closed with a key that all gateways share: a token names the last thing that was looked at, which may be one that its user may not know of. A token is
/// for the user who got it.
/// </summary>
internal sealed class PageSeal(Accounts accounts)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private byte[]? key;

    public async ValueTask<string> CloseAsync(string token, long userId, CancellationToken cancellationToken)
    {
        using var cipher = await CipherAsync(cancellationToken);
        var plain = Encoding.UTF8.GetBytes(token);
        var sealedToken = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedToken.AsSpan(0, NonceBytes));
        cipher.Encrypt(sealedToken.AsSpan(0, NonceBytes), plain, sealedToken.AsSpan(NonceBytes, plain.Length), sealedToken.AsSpan(NonceBytes + plain.Length), For(userId));
        return Base64Url.EncodeToString(sealedToken);
    }

    /// <exception cref="MlopsException">It was not given to this user (<see cref="ErrorKind.InvalidInput"/>).</exception>
    public async ValueTask<string> OpenAsync(string token, long userId, string field, CancellationToken cancellationToken)
    {
        if (Base64Url.IsValid(token) && Base64Url.DecodeFromChars(token) is { Length: > NonceBytes + TagBytes } sealedToken)
        {
            using var cipher = await CipherAsync(cancellationToken);
            var plain = new byte[sealedToken.Length - NonceBytes - TagBytes];
            try
            {
                cipher.Decrypt(sealedToken.AsSpan(0, NonceBytes), sealedToken.AsSpan(NonceBytes, plain.Length), sealedToken.AsSpan(NonceBytes + plain.Length), plain, For(userId));
                return Encoding.UTF8.GetString(plain);
            }
            catch (AuthenticationTagMismatchException)
            {
                // Said below, in the words for every token that this list did not give out.
            }
        }

        throw MlopsException.Invalid(field, "Invalid page token, could not base64-decode it as a place in this list: it was not given out to you by this list.");
    }

    private async ValueTask<AesGcm> CipherAsync(CancellationToken cancellationToken) =>
        new(key ??= Convert.FromBase64String(await accounts.Grain.SealKey(cancellationToken)), TagBytes);

    private static byte[] For(long userId) => Encoding.UTF8.GetBytes(userId.ToString(CultureInfo.InvariantCulture));
}
