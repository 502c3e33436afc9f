using MlopsGrains.Experiments;
using MlopsGrains.Settings;

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

    internal IEnumerable<string> Faults(string section) => new SettingFaults(section)
        .Range(BatchEntriesMax, 1, BatchLimits.MetricsMax)
        .Check(BatchAgeMax > TimeSpan.Zero && BatchAgeMax <= TimeSpan.FromHours(1), nameof(BatchAgeMax), BatchAgeMax, "more than zero and at most one hour")
        .Range(BufferEntriesMax, 2L * BatchEntriesMax, 100_000_000)
        .Named(WhenFull)
        .Check(FlushTimeout > TimeSpan.Zero && FlushTimeout <= TimeSpan.FromDays(1), nameof(FlushTimeout), FlushTimeout, "more than zero and at most one day")
        .Must(SpoolDirectory is not "", nameof(SpoolDirectory), "is empty; name a directory or leave it out")
        .Range(SpoolBytesMax, 1 << 20)
        .Named(Offline)
        .Must(Offline != OfflineStart.Auto || SpoolDirectory is not null, nameof(Offline), $"is {Offline} and needs {section}:{nameof(SpoolDirectory)}: a run that starts while the platform is away waits there")
        .Range(SystemMetricsInterval ?? TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1), nameof(SystemMetricsInterval));
}
