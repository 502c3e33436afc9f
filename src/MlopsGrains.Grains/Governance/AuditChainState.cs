using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Intents;

namespace MlopsGrains.Grains.Governance;

[JsonDerivedType(typeof(EventChained), "event")]
[JsonDerivedType(typeof(PageSealed), "page")]
internal abstract record AuditChainEvent;

internal sealed record EventChained(AuditEvent Event) : AuditChainEvent;

/// <summary>The oldest <see cref="AuditChainState.PageSize"/> events of the tail are stored as a page of their own.</summary>
internal sealed record PageSealed(int Page) : AuditChainEvent;

/// <summary>The chain's head: how many full pages lie in their own streams, and the events after them.</summary>
[Immutable]
internal sealed class AuditChainState
{
    public const int PageSize = 1000;

    public int Pages { get; set; }

    public List<AuditEvent> Tail { get; init; } = [];

    public string PageEndHash { get; set; } = AuditHash.Genesis;

    [JsonIgnore]
    public long Sequence => ((long)Pages * PageSize) + Tail.Count;

    [JsonIgnore]
    public string HeadHash => Tail.Count == 0 ? PageEndHash : Tail[^1].Hash;

    public void Apply(AuditChainEvent e)
    {
        switch (e)
        {
            case EventChained chained:
                Place(chained.Event);
                Tail.Add(chained.Event);
                break;
            case PageSealed sealedPage:
                Seal(sealedPage.Page);
                break;
            default:
                break;
        }
    }

    /// <summary>Keeps the place of an entry that cannot be read, so that the chain goes on. Verification stops there: what was in it cannot be vouched for any more.</summary>
    public void ApplyDamaged() => Tail.Add(AuditChainRules.Unreadable(Sequence + 1, HeadHash));

    /// <summary>The event after one that cannot be read knows its hash, and by its own number whether it was an event at all.</summary>
    private void Place(AuditEvent next)
    {
        while (Tail is [.., { Action: AuditChainRules.UnreadableAction }] && next.Sequence <= Sequence)
        {
            Tail.RemoveAt(Tail.Count - 1);
            Seal(Pages + 1);
        }

        if (Tail.Count == 0)
        {
            PageEndHash = next.PreviousHash;
        }
        else if (Tail is [.., { Action: AuditChainRules.UnreadableAction } unreadable])
        {
            Tail[^1] = unreadable with { Hash = next.PreviousHash };
        }
    }

    private void Seal(int page)
    {
        PageEndHash = Tail[PageSize - 1].Hash;
        Tail.RemoveRange(0, PageSize);
        Pages = page;
    }
}

/// <summary>Makes the next links of the chain. Pure.</summary>
internal static class AuditChainRules
{
    public const string UnreadableAction = "audit.unreadable";

    private static readonly Dictionary<string, string> NoDetail = [];

    /// <summary>What stands for an event that cannot be read. Its hash is nobody's until the next event tells it.</summary>
    public static AuditEvent Unreadable(long sequence, string previous) => new(
        sequence, DateTimeOffset.UnixEpoch, "", UnreadableAction, "audit-chain", NoDetail, previous,
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"unreadable {sequence}")))));

    public static List<EventChained> Chain(AuditChainState state, IReadOnlyList<AuditIntent> intents)
    {
        var (sequence, previous) = (state.Sequence, state.HeadHash);
        var events = new List<EventChained>(intents.Count);
        foreach (var (actor, at, entry) in intents)
        {
            var time = DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());
            var e = new AuditEvent(++sequence, time, actor, entry.Action, entry.Subject, entry.Detail ?? NoDetail, previous, "");
            e = e with { Hash = previous = AuditHash.Compute(e) };
            events.Add(new EventChained(e));
        }

        return events;
    }
}
