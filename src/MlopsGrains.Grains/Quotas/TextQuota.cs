using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Options;
using MlopsGrains.Clocks;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Quotas;

/// <summary>
/// Counts the text that each actor brings in through this silo. What was counted drains evenly over a day. Counted before anything is stored, so a change that is refused for
/// another reason afterwards counts too.
/// </summary>
public sealed class TextQuota(IOptions<QuotaOptions> options, TimeProvider time)
{
    private const int ActorsMax = 10_000;

    private readonly ConcurrentDictionary<string, Account> accounts = new(StringComparer.Ordinal);

    public void Charge(IReadOnlyList<Tag> pairs)
    {
        if (pairs.Count > 0)
        {
            Charge(pairs.Sum(p => Bytes(p.Key) + Bytes(p.Value)));
        }
    }

    public void Charge(params IEnumerable<string?> texts) => Charge(texts.Sum(Bytes));

    /// <exception cref="MlopsException">The actor has brought in too much within a day (<see cref="ErrorKind.Overloaded"/>).</exception>
    private void Charge(long bytes)
    {
        var max = options.Value.UserBytesPerDay;
        if (max == 0 || bytes == 0)
        {
            return;
        }

        if (accounts.Count > ActorsMax)
        {
            accounts.Clear();
        }

        // What a pipeline run brings in for a user counts as that user's.
        var actor = Principal.Current?.Name ?? Actor.Current;
        if (!accounts.GetOrAdd(actor, _ => new Account()).TryTake(bytes, max, time.GetSteady()))
        {
            throw MlopsException.Overloaded(
                $"'{actor}' has brought in {max} bytes of params, tags and other texts within a day, the most that one user may ({QuotaOptions.Section}:{nameof(QuotaOptions.UserBytesPerDay)}); try again later.");
        }
    }

    private static long Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private sealed class Account
    {
        private readonly Lock gate = new();
        private TimeSpan at;
        private double taken;

        public bool TryTake(long bytes, long max, TimeSpan now)
        {
            lock (gate)
            {
                taken = Math.Max(0, taken - ((now - at).TotalDays * max));
                at = now;
                if (taken + bytes > max)
                {
                    return false;
                }

                taken += bytes;
                return true;
            }
        }
    }
}
