namespace MlopsGrains.Calls;

/// <summary>A process's monotonic clock, by which the deadlines of its calls are told. It goes on while the process is stopped and does not move with the time of day.</summary>
/// <param name="time">Where the time comes from.</param>
public sealed class CallClock(TimeProvider time)
{
    /// <summary>Names this clock, which no other process has.</summary>
    public long Id { get; } = BitConverter.ToInt64(Guid.NewGuid().ToByteArray());

    /// <summary>Where the time comes from.</summary>
    public TimeProvider Time => time;

    /// <summary>Milliseconds.</summary>
    public long Now => (long)time.GetElapsedTime(0).TotalMilliseconds;
}
