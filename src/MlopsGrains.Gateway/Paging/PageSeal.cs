using System.Globalization;
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
    private byte[]? key;

    public async ValueTask<string> CloseAsync(string token, long userId, CancellationToken cancellationToken) =>
        Sealing.Close(Encoding.UTF8.GetBytes(token), await KeyAsync(cancellationToken), For(userId));

    /// <exception cref="MlopsException">It was not given to this user (<see cref="ErrorKind.InvalidInput"/>).</exception>
    public async ValueTask<string> OpenAsync(string token, long userId, string field, CancellationToken cancellationToken) =>
        Sealing.Open(token, await KeyAsync(cancellationToken), For(userId)) is { } plain
            ? Encoding.UTF8.GetString(plain)
            : throw MlopsException.Invalid(field, "Invalid page token, could not base64-decode it as a place in this list: it was not given out to you by this list.");

    private async ValueTask<byte[]> KeyAsync(CancellationToken cancellationToken) => key ??= Convert.FromBase64String(await accounts.Grain.SealKey(cancellationToken));

    private static byte[] For(long userId) => Encoding.UTF8.GetBytes(userId.ToString(CultureInfo.InvariantCulture));
}
