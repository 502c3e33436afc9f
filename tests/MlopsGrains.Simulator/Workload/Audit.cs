using MlopsGrains.Governance;

namespace MlopsGrains.Simulator.Workload;

/// <summary>What the audit chain says about a thing.</summary>
internal sealed class Audit(IReadOnlyList<AuditEvent> events)
{
    private readonly ILookup<string, AuditEvent> bySubject = events.ToLookup(e => e.Subject);

    /// <summary>Changes that are stored and those that are told must be the same, each once and in their order.</summary>
    /// <param name="subject">The thing.</param>
    /// <param name="action">What happened to it.</param>
    /// <param name="detail">The detail that tells one change from another; <see langword="null"/> when there is one at most.</param>
    /// <param name="changes">All that were asked for, in their order, and what is known of each.</param>
    public IEnumerable<string> Differences(string subject, string action, string? detail, IEnumerable<(string? Value, Fate Fate)> changes)
    {
        var told = bySubject[subject].Where(e => e.Action == action).Select(e => detail is null ? "" : e.Detail.GetValueOrDefault(detail)).ToList();
        var asked = changes.Select(c => (Value: detail is null ? "" : c.Value, c.Fate)).ToList();
        foreach (var (value, fate) in asked)
        {
            var count = told.Count(t => t == value);
            if (count == 0 && fate == Fate.Done)
            {
                yield return $"{action} {value} of {subject} is stored, and the audit chain has no event of it";
            }
            else if (count > 1)
            {
                yield return $"{action} {value} of {subject} is {count} times in the audit chain";
            }
            else if (count == 1 && fate == Fate.Refused)
            {
                yield return $"{action} {value} of {subject} is in the audit chain, although its writer was told that nothing was changed";
            }
        }

        var order = told.Select(t => asked.FindIndex(a => a.Value == t)).ToList();
        if (!order.SequenceEqual(order.Order()))
        {
            yield return $"{action} of {subject} is told in another order than it was done: {string.Join(", ", told)}";
        }
    }
}
