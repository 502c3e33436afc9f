using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Identity;

/// <summary>
/// Checks the user and password of basic authentication. The slow hash is computed once for each header that is sent; what it said is remembered by the
/// header's keyed digest and holds only as long as the user has that very password hash.
/// </summary>
internal sealed class UserPasswords(Accounts accounts) : IDisposable
{
    private const int RememberedMax = 10_000;
    private const int WaitingMax = 256;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, (string User, PasswordHash Hash)> _good = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private int _waiting;

    public void Dispose() => _hashing.Dispose();

    /// <summary>The user that an <c>Authorization</c> header proves, or <see langword="null"/>.</summary>
    public async ValueTask<UserEntry?> FindAsync(string authorization, CancellationToken cancellationToken)
    {
        var digest = Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(authorization)));
        if (_good.TryGetValue(digest, out var good) && await accounts.FindUser(good.User, fresh: false, cancellationToken) is { } known && known.Password == good.Hash)
        {
            return known;
        }

        if (BasicCredentials.Read(authorization) is not { User.Length: > 0 } pair || pair.Password.Length > Passwords.LengthMax)
        {
            return null;
        }

        var user = await accounts.FindUser(pair.User, fresh: false, cancellationToken);
        if (await MatchesAsync(pair.Password, user?.Password, cancellationToken))
        {
            return Remember(digest, user!);
        }

        // The user or the password may be newer than what this gateway knew.
        var fresh = await accounts.FindUser(pair.User, fresh: true, cancellationToken);
        return fresh is not null && fresh.Password != user?.Password && await MatchesAsync(pair.Password, fresh.Password, cancellationToken) ? Remember(digest, fresh) : null;
    }

    private UserEntry Remember(string digest, UserEntry user)
    {
        if (_good.Count >= RememberedMax)
        {
            _good.Clear();
        }

        _good[digest] = (user.Name, user.Password);
        return user;
    }

    /// <summary>Guessing must not take all cores, and must not pile up.</summary>
    private async Task<bool> MatchesAsync(string password, PasswordHash? hash, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > WaitingMax)
            {
                throw MlopsException.Overloaded($"More than {WaitingMax} passwords wait to be checked; try again.");
            }

            await _hashing.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Passwords.Matches(password, hash ?? Passwords.Nobody), cancellationToken) && hash is not null;
            }
            finally
            {
                _hashing.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
