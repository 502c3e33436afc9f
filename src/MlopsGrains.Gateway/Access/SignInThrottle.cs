using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using MlopsGrains.Clocks;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// Passwords may be guessed only so often, for one user and from one address. A guess is taken before it is checked and given back when it was right, so whoever knows the
/// password waits for nobody's guesses but those for the same name. Whether there is such a user makes no difference.
/// </summary>
internal sealed class SignInThrottle(IOptions<AuthenticationOptions> options, TimeProvider time)
{
    private const int AccountsMax = 20_000;

    private readonly ConcurrentDictionary<string, Account> accounts = new(StringComparer.Ordinal);

    /// <summary>Takes a guess, or says how long to wait for one.</summary>
    public TimeSpan? Take(string user, IPAddress? address)
    {
        if (accounts.Count > AccountsMax)
        {
            Forget();
        }

        var (byUser, byAddress) = Of(user, address);
        var wait = byAddress.Take(options.Value.FailuresPerAddress, time.GetSteady());
        if (wait is not null)
        {
            return wait;
        }

        wait = byUser.Take(options.Value.FailuresPerUser, time.GetSteady());
        if (wait is not null)
        {
            byAddress.GiveBack();
        }

        return wait;
    }

    public void GiveBack(string user, IPAddress? address)
    {
        var (byUser, byAddress) = Of(user, address);
        byUser.GiveBack();
        byAddress.GiveBack();
    }

    private (Account User, Account Address) Of(string user, IPAddress? address) =>
        (accounts.GetOrAdd("user " + user, _ => new Account()), accounts.GetOrAdd("address " + Network(address), _ => new Account()));

    /// <summary>One customer of an IPv6 network has 2⁶⁴ addresses.</summary>
    private static string Network(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), 0, 0, 0, 0, 0, 0, 0, 0]).ToString(),
        _ => address.ToString(),
    };

    private void Forget()
    {
        var now = time.GetSteady();
        foreach (var (name, account) in accounts)
        {
            if (account.IsIdle(now))
            {
                accounts.TryRemove(name, out _);
            }
        }
    }

    /// <summary>Guesses that were taken in about a minute; they come back evenly.</summary>
    private sealed class Account
    {
        private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

        private readonly Lock gate = new();
        private TimeSpan at;
        private double taken;

        public TimeSpan? Take(int max, TimeSpan now)
        {
            lock (gate)
            {
                taken = Math.Max(0, taken - (max * ((now - at) / Window)));
                at = now;
                if (max > 0 && taken + 1 > max)
                {
                    return Window * ((taken + 1 - max) / max);
                }

                taken++;
                return null;
            }
        }

        public void GiveBack()
        {
            lock (gate)
            {
                taken = Math.Max(0, taken - 1);
            }
        }

        public bool IsIdle(TimeSpan now)
        {
            lock (gate)
            {
                return now - at > Window;
            }
        }
    }
}
