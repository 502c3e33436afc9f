using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Governance;

/// <summary>Finds events, newest first. Looks through a bounded part of the chain at a time; the page token is the sequence before which the next page begins.</summary>
internal sealed class AuditSearch
{
    /// <summary>Sealed pages of the chain that one call looks through.</summary>
    public const int PagesMax = 20;

    private readonly AuditQuery query;
    private readonly List<AuditEvent> found = [];

    public AuditSearch(AuditQuery query, long newest)
    {
        this.query = query;
        Before = newest + 1;
        if (!string.IsNullOrEmpty(query.PageToken))
        {
            Before = long.TryParse(query.PageToken, NumberStyles.None, CultureInfo.InvariantCulture, out var before) && before >= 1 && before <= newest
                ? before
                : throw MlopsException.Invalid("pageToken", "The page token is not one that this search gave out.");
        }
    }

    /// <summary>The sequence before which is still to be looked.</summary>
    public long Before { get; private set; }

    public bool IsFull => found.Count == query.Limit;

    /// <summary>Looks at events in the order of the chain, which end just before <see cref="Before"/> or go beyond it.</summary>
    public void Look(IReadOnlyList<AuditEvent> events)
    {
        for (var i = events.Count - 1; i >= 0 && !IsFull; i--)
        {
            if (events[i].Sequence < Before)
            {
                Before = events[i].Sequence;
                if (Matches(query, events[i]))
                {
                    found.Add(events[i]);
                }
            }
        }
    }

    public Page<AuditEvent> Page() => new(found, Before > 1 ? Before.ToString(CultureInfo.InvariantCulture) : null);

    public static bool Matches(AuditQuery query, AuditEvent e) =>
        (query.Actor is null || e.Actor == query.Actor)
        && (query.Action is not { } action || (action.EndsWith('.') ? e.Action.StartsWith(action, StringComparison.Ordinal) : e.Action == action))
        && (query.Subject is not { } subject || e.Subject.StartsWith(subject, StringComparison.Ordinal))
        && !(e.Time < query.From)
        && !(e.Time >= query.To);
}
