using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace MlopsGrains.EndToEnd.Writers;

/// <summary>Makes numbered changes to one thing, 1, 2, 3 and so on, and knows which of them were acknowledged.</summary>
internal abstract class Writer
{
    private readonly HashSet<long> acknowledged = [];
    private IReadOnlyList<long> stored = [];
    private long waitingSince;

    public string Name => $"{GetType().Name[..^nameof(Writer).Length]} {Number}";

    /// <summary>Tells writers of a kind apart.</summary>
    public int Number { get; init; }

    /// <summary>The run that it changes, where it is always the same.</summary>
    public virtual string? Run => null;

    public long Sent { get; private set; }

    public int Acknowledged => acknowledged.Count;

    /// <summary>The longest time from the first attempt after an acknowledged change to the next acknowledgement.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>Between two changes.</summary>
    public virtual TimeSpan Pace => TimeSpan.FromMilliseconds(50);

    /// <summary>Whether a change takes the place of the one before; else each is there for ever.</summary>
    protected virtual bool Replaces => false;

    /// <summary>Whether the audit chain has an event of each change.</summary>
    protected virtual bool IsAudited => true;

    public abstract Task PrepareAsync(Caller caller);

    /// <summary>Makes the next change, or one that was not acknowledged once more.</summary>
    /// <param name="repeats">Whether a change is sent, with its key, until it is acknowledged. Otherwise, and where changes replace each other, the next one is.</param>
    public async Task<(HttpStatusCode Status, string Body)> WriteAsync(Caller caller, bool repeats)
    {
        if (Replaces || !repeats || Sent == 0 || acknowledged.Contains(Sent))
        {
            Sent++;
        }

        if (waitingSince == 0)
        {
            waitingSince = Stopwatch.GetTimestamp();
        }

        var answer = await SendAsync(caller, Sent, repeats && !Replaces ? $"{Name}/{Sent}" : null);
        if (answer.Status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted)
        {
            acknowledged.Add(Sent);
            var gap = Stopwatch.GetElapsedTime(waitingSince);
            (waitingSince, LongestGap) = (0, gap > LongestGap ? gap : LongestGap);
        }

        return answer;
    }

    /// <summary>Forgets the gaps so far.</summary>
    public void ForgetGaps() => LongestGap = TimeSpan.Zero;

    /// <summary>What was promised and is not stored so.</summary>
    public async Task<IReadOnlyList<string>> FaultsAsync(Caller caller)
    {
        stored = await StoredAsync(caller);
        return Named(Replaces ? Undone(stored.Single()) : Missing(stored));
    }

    /// <summary>What the chain does not tell, or not as it was. <see cref="FaultsAsync"/> was called before the chain was read.</summary>
    public IReadOnlyList<string> AuditFaults(IReadOnlyList<JsonNode> chain) => IsAudited ? Named(Untold(Replaces ? [.. acknowledged] : stored, Told(chain))) : [];

    protected abstract Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key);

    /// <summary>The numbers of what is stored, in the order in which it was made where there is one.</summary>
    protected abstract Task<IReadOnlyList<long>> StoredAsync(Caller caller);

    /// <summary>The numbers of the changes that the chain tells of, in its order.</summary>
    protected virtual IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) => [];

    private List<string> Named(IEnumerable<string> faults) => [.. faults.Select(fault => $"{Name}: {fault}")];

    private IEnumerable<string> Undone(long current)
    {
        var newest = acknowledged.DefaultIfEmpty().Max();
        if (current < newest)
        {
            yield return $"undone: {newest} was acknowledged, {current} is there";
        }
    }

    private IEnumerable<string> Missing(IReadOnlyList<long> present)
    {
        if (acknowledged.Except(present).Order().ToList() is { Count: > 0 } lost)
        {
            yield return $"lost: {string.Join(' ', lost)}";
        }

        if (Twice(present) is { Count: > 0 } doubled)
        {
            yield return $"doubled: {string.Join(' ', doubled)}";
        }

        if (present.Zip(present.Skip(1)).Where(pair => pair.First > pair.Second).ToList() is { Count: > 0 } swapped)
        {
            yield return $"undone: {string.Join(", ", swapped.Select(pair => $"{pair.Second} came after {pair.First}"))}";
        }
    }

    private static IEnumerable<string> Untold(IReadOnlyList<long> changes, IReadOnlyList<long> told)
    {
        if (changes.Except(told).Order().ToList() is { Count: > 0 } gaps)
        {
            yield return $"audit gaps: {string.Join(' ', gaps)}";
        }

        if (Twice(told) is { Count: > 0 } doubled)
        {
            yield return $"told twice: {string.Join(' ', doubled)}";
        }

        if (told.Zip(told.Skip(1)).Where(pair => pair.First > pair.Second).ToList() is { Count: > 0 } swapped)
        {
            yield return $"told out of order: {string.Join(", ", swapped.Select(pair => $"{pair.Second} after {pair.First}"))}";
        }
    }

    private static List<long> Twice(IReadOnlyList<long> numbers) => [.. numbers.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key)];
}
