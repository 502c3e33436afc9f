using System.Text.Json.Serialization;
using MlopsGrains.Governance;
using Orleans.Concurrency;

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
                Tail.Add(chained.Event);
                break;
            case PageSealed sealedPage:
                PageEndHash = Tail[PageSize - 1].Hash;
                Tail.RemoveRange(0, PageSize);
                Pages = sealedPage.Page;
                break;
            default:
                break;
        }
    }
}

/// <summary>Makes the next links of the chain. Pure.</summary>
internal static class AuditChainRules
{
    private static readonly Dictionary<string, string> NoDetail = [];

    public static List<EventChained> Chain(AuditChainState state, IReadOnlyList<(string Actor, AuditEntry Entry)> entries, DateTimeOffset now)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        var (sequence, previous) = (state.Sequence, state.HeadHash);
        var events = new List<EventChained>(entries.Count);
        foreach (var (actor, entry) in entries)
        {
            var e = new AuditEvent(++sequence, time, actor, entry.Action, entry.Subject, entry.Detail ?? NoDetail, previous, "");
            e = e with { Hash = previous = AuditHash.Compute(e) };
            events.Add(new EventChained(e));
        }

        return events;
    }
}
