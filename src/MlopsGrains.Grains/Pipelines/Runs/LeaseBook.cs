namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>
/// Expiry of the held leases, and how long they are held, on the server's monotonic clock. In memory only: after a restart every holder gets a full lease and its whole time, so a
/// heartbeat costs no write and nobody loses work to an outage of the platform.
/// </summary>
internal sealed class LeaseBook(TimeProvider time, TimeSpan lease)
{
    private readonly Dictionary<(string Step, int Attempt), long> expiry = [];
    private readonly Dictionary<(string Step, int Attempt), long> began = [];

    private long lastTick = time.GetTimestamp();

    public TimeSpan Lease => lease;

    public void Renew(string step, int attempt)
    {
        began.TryAdd((step, attempt), time.GetTimestamp());
        expiry[(step, attempt)] = time.GetTimestamp() + Ticks(lease);
    }

    public void Forget(string step, int attempt)
    {
        began.Remove((step, attempt));
        expiry.Remove((step, attempt));
    }

    public TimeSpan HeldFor(string step, int attempt)
    {
        began.TryAdd((step, attempt), time.GetTimestamp());
        return time.GetElapsedTime(began[(step, attempt)]);
    }

    public bool IsExpired(string step, int attempt)
    {
        if (expiry.TryGetValue((step, attempt), out var at))
        {
            return time.GetTimestamp() >= at;
        }

        Renew(step, attempt);
        return false;
    }

    /// <summary>Called once each <paramref name="period"/>: time in which the grain did not run (a long pause) is given to all holders.</summary>
    public void Tick(TimeSpan period)
    {
        var now = time.GetTimestamp();
        var late = time.GetElapsedTime(lastTick, now) - period;
        lastTick = now;
        if (late < TimeSpan.FromTicks(period.Ticks * 2))
        {
            return;
        }

        foreach (var key in expiry.Keys.ToList())
        {
            expiry[key] += Ticks(late);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
