using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Access;

/// <param name="User">Who it is, or <see langword="null"/>.</param>
/// <param name="Wait">How long to wait with the next guess, when this one was not looked at.</param>
internal readonly record struct SignIn(UserEntry? User, TimeSpan? Wait = null);

/// <summary>
/// Checks the user and password of basic authentication. The slow hash is computed once for each header that is sent; what it said is remembered by the
/// header's keyed digest and holds only as long as the user has that very password hash.
/// </summary>
internal sealed class UserPasswords(Accounts accounts, SignInThrottle throttle) : IDisposable
{
    private const int RememberedMax = 10_000;
    private const int WaitingMax = 256;

    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, Proven> good = new(StringComparer.Ordinal);

    /// <summary>By the very text: a connection goes on with the one that it began with, and needs no digest of it.</summary>
    private readonly ConditionalWeakTable<string, Proven> ofConnections = [];
    private readonly ConcurrentDictionary<string, Lazy<Task<SignIn>>> checking = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private int waiting;

    public void Dispose() => hashing.Dispose();

    /// <summary>The user that an <c>Authorization</c> header proves, if any.</summary>
    public async ValueTask<SignIn> FindAsync(string authorization, IPAddress? address, CancellationToken cancellationToken)
    {
        if (ofConnections.TryGetValue(authorization, out var proven) && await StillAsync(proven, cancellationToken) is { } same)
        {
            return new SignIn(same);
        }

        var digest = Convert.ToHexString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(authorization)));
        if (good.TryGetValue(digest, out proven) && await StillAsync(proven, cancellationToken) is { } known)
        {
            ofConnections.AddOrUpdate(authorization, proven);
            return new SignIn(known);
        }

        if (BasicCredentials.Read(authorization) is not { User.Length: > 0 } pair || pair.Password.IsLongerThan(UserLimits.PasswordLengthMax))
        {
            return default;
        }

        // A client's many connections send the same header at once: that is one guess.
        return await checking.GetOrAdd(digest, _ => new Lazy<Task<SignIn>>(() => CheckAsync(digest, pair, address))).Value.WaitAsync(cancellationToken);
    }

    private async ValueTask<UserEntry?> StillAsync(Proven proven, CancellationToken cancellationToken) =>
        await accounts.FindUser(proven.User, fresh: false, cancellationToken) is { } user && user.Password == proven.Hash ? user : null;

    private async Task<SignIn> CheckAsync(string digest, BasicCredentials pair, IPAddress? address)
    {
        try
        {
            if (throttle.Take(pair.User, address) is { } wait)
            {
                return new SignIn(null, wait);
            }

            var user = await FindAsync(digest, pair);
            if (user is not null)
            {
                throttle.GiveBack(pair.User, address);
            }

            return new SignIn(user);
        }
        finally
        {
            checking.TryRemove(digest, out _);
        }
    }

    private async Task<UserEntry?> FindAsync(string digest, BasicCredentials pair)
    {
        var user = await accounts.FindUser(pair.User, fresh: false, CancellationToken.None);
        if (await MatchesAsync(pair.Password, user?.Password))
        {
            return Remember(digest, user!);
        }

        // The user or the password may be newer than what this gateway knew.
        var fresh = await accounts.FindUser(pair.User, fresh: true, CancellationToken.None);
        return fresh is not null && fresh.Password != user?.Password && await MatchesAsync(pair.Password, fresh.Password) ? Remember(digest, fresh) : null;
    }

    private UserEntry Remember(string digest, UserEntry user)
    {
        if (good.Count >= RememberedMax)
        {
            good.Clear();
        }

        good[digest] = new Proven(user.Name, user.Password);
        return user;
    }

    /// <summary>Guessing must not take all cores, and must not pile up.</summary>
    private async Task<bool> MatchesAsync(string password, PasswordHash? hash)
    {
        try
        {
            if (Interlocked.Increment(ref waiting) > WaitingMax)
            {
                throw MlopsException.Overloaded($"More than {WaitingMax} passwords wait to be checked; try again.");
            }

            await hashing.WaitAsync();
            try
            {
                return await Task.Run(() => Passwords.Matches(password, hash ?? Passwords.Nobody)) && hash is not null;
            }
            finally
            {
                hashing.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private sealed record Proven(string User, PasswordHash Hash);
}
