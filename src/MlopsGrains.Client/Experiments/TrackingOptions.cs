using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>What a <c>Log</c> call does while the buffer is full.</summary>
public enum BufferFull
{
    /// <summary>It waits for room, so nothing is lost and the caller is slowed to what the platform takes.</summary>
    Wait = 0,

    /// <summary>The oldest waiting metric points make room and are counted (<see cref="ActiveRun.Dropped"/>); the caller is never slowed.</summary>
    DropOldest = 1,
}

/// <summary>What starting a run does while the platform is away.</summary>
public enum OfflineStart
{
    /// <summary>It fails (<see cref="Errors.ErrorKind.Unavailable"/>).</summary>
    Never = 0,

    /// <summary>The run starts in the spool, under the id that it keeps, and appears with its own times when the platform is back.</summary>
    Auto = 1,
}

/// <summary>How runs send what is logged. Section <c>MlopsGrains:Tracking</c>.</summary>
public sealed class TrackingOptions
{
    /// <summary>Points, params and tags of one batch, 1–1,000. Default 1,000.</summary>
    public int BatchEntriesMax { get; set; } = BatchLimits.MetricsMax;

    /// <summary>Longest time an entry waits for its batch to fill, more than zero, at most one hour. Default 500 ms.</summary>
    public TimeSpan BatchAgeMax { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Entries of one run that may wait in memory, from twice <see cref="BatchEntriesMax"/> to 100,000,000. Default 100,000, about 4 MB of points.</summary>
    public int BufferEntriesMax { get; set; } = 100_000;

    /// <summary>What happens when the buffer is full. Default <see cref="BufferFull.Wait"/>.</summary>
    public BufferFull WhenFull { get; set; } = BufferFull.Wait;

    /// <summary>Time to deliver what is buffered when a run ends, more than zero, at most one day. Default one minute.</summary>
    public TimeSpan FlushTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Where batches wait on disk while the platform is away; they are delivered when it is back, after a restart by the next client with the same directory.
    /// No spool when <see langword="null"/>, the default: then what does not fit into the buffer waits or is dropped, and dies with the process.
    /// </summary>
    public string? SpoolDirectory { get; set; }

    /// <summary>Bytes that all runs of this client may keep in the spool, from 1 MiB. Default 1 GiB.</summary>
    public long SpoolBytesMax { get; set; } = 1L << 30;

    /// <summary>
    /// Whether a run may start, and store its files, while the platform is away: everything waits in the spool, so <see cref="SpoolDirectory"/> is needed. The
    /// platform is tried for 5 seconds first. Default <see cref="OfflineStart.Never"/>.
    /// </summary>
    public OfflineStart Offline { get; set; }

    /// <summary>What new runs record about the program that logs them. Default <see cref="RunContext.Tags"/>.</summary>
    public RunContext Context { get; set; } = RunContext.Tags;

    /// <summary>Time between two samples of the machine as <c>system/…</c> metrics, from 100 ms to one day; none when <see langword="null"/>, the default.</summary>
    public TimeSpan? SystemMetricsInterval { get; set; }

    internal IEnumerable<string> Faults(string section)
    {
        if (BatchEntriesMax is < 1 or > BatchLimits.MetricsMax)
        {
            yield return $"{section}:{nameof(BatchEntriesMax)} {BatchEntriesMax} must be from 1 to {BatchLimits.MetricsMax}.";
        }

        if (BatchAgeMax <= TimeSpan.Zero || BatchAgeMax > TimeSpan.FromHours(1))
        {
            yield return $"{section}:{nameof(BatchAgeMax)} {BatchAgeMax} must be more than zero and at most one hour.";
        }

        if (BufferEntriesMax < 2 * BatchEntriesMax || BufferEntriesMax > 100_000_000)
        {
            yield return $"{section}:{nameof(BufferEntriesMax)} {BufferEntriesMax} must be from {2 * BatchEntriesMax} (twice {nameof(BatchEntriesMax)}) to 100,000,000.";
        }

        if (!Enum.IsDefined(WhenFull))
        {
            yield return $"{section}:{nameof(WhenFull)} {WhenFull} must be {string.Join(" or ", Enum.GetNames<BufferFull>())}.";
        }

        if (FlushTimeout <= TimeSpan.Zero || FlushTimeout > TimeSpan.FromDays(1))
        {
            yield return $"{section}:{nameof(FlushTimeout)} {FlushTimeout} must be more than zero and at most one day.";
        }

        if (SpoolDirectory is "")
        {
            yield return $"{section}:{nameof(SpoolDirectory)} is empty; name a directory or leave it out.";
        }

        if (SpoolBytesMax < 1 << 20)
        {
            yield return $"{section}:{nameof(SpoolBytesMax)} {SpoolBytesMax} must be at least {1 << 20}.";
        }

        if (!Enum.IsDefined(Offline))
        {
            yield return $"{section}:{nameof(Offline)} {Offline} must be {string.Join(" or ", Enum.GetNames<OfflineStart>())}.";
        }
        else if (Offline == OfflineStart.Auto && SpoolDirectory is null)
        {
            yield return $"{section}:{nameof(Offline)} {Offline} needs {section}:{nameof(SpoolDirectory)}: a run that starts while the platform is away waits there.";
        }

        if (SystemMetricsInterval is { } interval && (interval < TimeSpan.FromMilliseconds(100) || interval > TimeSpan.FromDays(1)))
        {
            yield return $"{section}:{nameof(SystemMetricsInterval)} {interval} must be from 100 ms to one day.";
        }
    }
}
