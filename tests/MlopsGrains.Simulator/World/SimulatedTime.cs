using Microsoft.Extensions.Time.Testing;

namespace MlopsGrains.Simulator.World;

/// <summary>Time that goes on when it is told to. A call that waits for it does not hold it up.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>For who waits for something else, and for no longer than some time.</summary>
    public TimeProvider Uncounted => time;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

    public override long GetTimestamp() => time.GetTimestamp();

    public void Advance(TimeSpan by) => time.Advance(by);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (Strand.Current is not { } strand || dueTime == Timeout.InfiniteTimeSpan || period != Timeout.InfiniteTimeSpan)
        {
            return time.CreateTimer(callback, state, dueTime, period);
        }

        var waiting = new Waiting(strand);
        waiting.Timer = time.CreateTimer(
            s =>
            {
                waiting.Over();
                callback(s);
            },
            state,
            dueTime,
            period);
        return waiting;
    }

    private sealed class Waiting : ITimer
    {
        private readonly Strand strand;
        private int over;

        public Waiting(Strand strand)
        {
            this.strand = strand;
            strand.Wait();
        }

        public ITimer? Timer { get; set; }

        public void Over()
        {
            if (Interlocked.Exchange(ref over, 1) == 0)
            {
                strand.Resume();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => Timer!.Change(dueTime, period);

        public void Dispose()
        {
            Over();
            Timer!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
