namespace MlopsGrains.Monitoring;

/// <summary>Watches one deployment's inputs and predictions for drift. The key is the deployment's name.</summary>
[GrainInterfaceType("monitor")]
public interface IMonitorGrain : IGrainWithStringKey
{
    /// <summary>Sets or replaces the rules and computes the reference histograms from the reference data; open windows begin anew.</summary>
    [Alias("Configure"), ResponseTimeout("00:05:00")]
    Task<MonitorStatus> Configure(MonitorRules rules, CancellationToken cancellationToken = default);

    /// <summary>Rules, open window, last verdict, open alert; <see langword="null"/> when there is no monitor.</summary>
    [Alias("Get"), ReadOnly]
    Task<MonitorStatus?> Get(CancellationToken cancellationToken = default);

    /// <summary>The bins to count into, or <see langword="null"/> when there is no monitor. Aggregators ask again when <see cref="Apply"/> says their generation is old.</summary>
    [Alias("GetReference"), ReadOnly]
    Task<MonitorReference?> GetReference(CancellationToken cancellationToken = default);

    /// <summary>Adds an aggregator's counts; a repeated sequence of one aggregator changes nothing. Answers the present reference generation.</summary>
    [Alias("Apply")]
    Task<int> Apply(MonitorDelta delta, CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells of answered rows whose counts may not have come, because the process that saw them was killed. Answers how many are missing: 0 when the same aggregator's were told before
    /// and when there is no monitor.
    /// </summary>
    [Alias("Miss")]
    Task<long> Miss(UncountedRows rows, CancellationToken cancellationToken = default);

    /// <summary>Closed windows, newest first, at most <paramref name="limit"/> (1–1000).</summary>
    [Alias("Windows"), ReadOnly]
    Task<IReadOnlyList<WindowVerdict>> Windows(int limit, CancellationToken cancellationToken = default);

    /// <summary>Alerts, newest first, at most <paramref name="limit"/> (1–1000).</summary>
    [Alias("Alerts"), ReadOnly]
    Task<IReadOnlyList<Alert>> Alerts(int limit, CancellationToken cancellationToken = default);

    /// <summary>One of the alerts that are kept, or <see langword="null"/>.</summary>
    [Alias("GetAlert"), ReadOnly]
    Task<Alert?> GetAlert(string alertId, CancellationToken cancellationToken = default);

    /// <summary>The actor has the open alert from now on; whoever had it before does not. Again by the same actor changes nothing.</summary>
    [Alias("Acknowledge")]
    Task<Alert> Acknowledge(string alertId, CancellationToken cancellationToken = default);

    /// <summary>The open alert, and those that are raised meanwhile, wait for nobody for a time. Nothing else changes: its pipeline runs, it closes by itself.</summary>
    [Alias("Silence")]
    Task<Alert> Silence(string alertId, AlertSilence silence, CancellationToken cancellationToken = default);

    /// <summary>Adds a comment, also to a closed alert; a repeated request adds one.</summary>
    [Alias("Comment")]
    Task<Alert> Comment(string alertId, string text, CancellationToken cancellationToken = default);

    /// <summary>The counts of a closed window, of those that are kept: the newest ones under the present reference.</summary>
    [Alias("Counts"), ReadOnly]
    Task<WindowCounts> Counts(long window, CancellationToken cancellationToken = default);

    /// <summary>Judges the windows whose counts are kept by other rules, and changes nothing. The rules must name the present reference, and no feature that is not watched.</summary>
    [Alias("BackTest"), ReadOnly]
    Task<BackTest> BackTest(MonitorRules rules, CancellationToken cancellationToken = default);
}

/// <summary>What to compare with what, and when to cry.</summary>
/// <param name="ReferenceDigest">Blob of the reference rows (CSV with a header), usually the training split.</param>
/// <param name="Features">Columns to watch; empty for every input of the deployed model.</param>
/// <param name="WindowRows">A window closes at this many rows (≥ 100); <see langword="null"/> for time only.</param>
/// <param name="WindowSeconds">A window closes after this time (≥ 1); default one hour.</param>
/// <param name="Alpha">False-alarm rate over all features after Benjamini–Hochberg, 0–0.5; default 0.01.</param>
/// <param name="EffectFloor">Smallest Jensen–Shannon distance that counts, 0–1; default 0.1.</param>
/// <param name="RaiseAfter">Drift in this many of the last three windows raises the alert (1–3); default 2.</param>
/// <param name="Pipeline">Pipeline that an alert starts, or <see langword="null"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.MonitorRules")]
public sealed record MonitorRules(
    [property: Id(0)] string ReferenceDigest,
    [property: Id(1)] IReadOnlyList<string>? Features = null,
    [property: Id(2)] int? WindowRows = null,
    [property: Id(3)] int WindowSeconds = 3600,
    [property: Id(4)] double Alpha = 0.01,
    [property: Id(5)] double EffectFloor = 0.1,
    [property: Id(6)] int RaiseAfter = 2,
    [property: Id(7)] string? Pipeline = null);

/// <summary>What an aggregator had not heard to be counted when its process was killed.</summary>
/// <param name="AggregatorId">Whose rows.</param>
/// <param name="Rows">At least 1, with those of the delta on its way.</param>
/// <param name="Sequence">Of the delta that was on its way; 0 for none.</param>
/// <param name="SentRows">Its rows.</param>
[GenerateSerializer, Immutable, Alias("mlops.UncountedRows")]
public sealed record UncountedRows([property: Id(0)] string AggregatorId, [property: Id(1)] long Rows, [property: Id(2)] long Sequence, [property: Id(3)] long SentRows);

/// <summary>A monitor as it stands.</summary>
/// <param name="Deployment">Its deployment.</param>
/// <param name="Rules">As they were given.</param>
/// <param name="Generation">Counts how often they were.</param>
/// <param name="ReferenceRows">Rows of the reference.</param>
/// <param name="OpenWindowRows">Rows in the window that is being filled.</param>
/// <param name="TotalRows">Rows counted since the monitor began.</param>
/// <param name="LastVerdict">On the last closed window.</param>
/// <param name="OpenAlert">The alert that is on.</param>
/// <param name="MissedRows">Answered rows that were not counted because their process was killed.</param>
[GenerateSerializer, Immutable, Alias("mlops.MonitorStatus")]
public sealed record MonitorStatus(
    [property: Id(0)] string Deployment,
    [property: Id(1)] MonitorRules Rules,
    [property: Id(2)] int Generation,
    [property: Id(3)] long ReferenceRows,
    [property: Id(4)] long OpenWindowRows,
    [property: Id(5)] long TotalRows,
    [property: Id(6)] WindowVerdict? LastVerdict,
    [property: Id(7)] Alert? OpenAlert,
    [property: Id(8)] long MissedRows = 0);

/// <summary>What a window is judged to be.</summary>
public enum DriftOutcome
{
    /// <summary>Too few rows to tell.</summary>
    NotEnoughData = 0,

    /// <summary>Like the reference.</summary>
    NoDrift = 1,

    /// <summary>Different: significant, and large enough to matter.</summary>
    Drift = 2,
}

/// <summary>The verdict on one closed window.</summary>
[GenerateSerializer, Immutable, Alias("mlops.WindowVerdict")]
public sealed record WindowVerdict(
    [property: Id(0)] long Window,
    [property: Id(1)] DateTimeOffset OpenedAt,
    [property: Id(2)] DateTimeOffset ClosedAt,
    [property: Id(3)] long Rows,
    [property: Id(4)] DriftOutcome Outcome,
    [property: Id(5)] IReadOnlyList<FeatureDrift> Features);

/// <summary>One feature in a window's verdict.</summary>
/// <param name="Feature">Column.</param>
/// <param name="Outcome">Its verdict.</param>
/// <param name="JensenShannon">Jensen–Shannon distance (base 2, 0–1), or <see langword="null"/> when undefined.</param>
/// <param name="Psi">Population stability index, or <see langword="null"/> when undefined.</param>
/// <param name="PValue">Of the calibrated PSI test, before correction, or <see langword="null"/>.</param>
/// <param name="Reason">Why, in words.</param>
[GenerateSerializer, Immutable, Alias("mlops.FeatureDrift")]
public sealed record FeatureDrift(
    [property: Id(0)] string Feature,
    [property: Id(1)] DriftOutcome Outcome,
    [property: Id(2)] double? JensenShannon,
    [property: Id(3)] double? Psi,
    [property: Id(4)] double? PValue,
    [property: Id(5)] string? Reason);

/// <summary>The bins that aggregators count into.</summary>
/// <param name="Generation">Grows with each <see cref="IMonitorGrain.Configure"/>.</param>
/// <param name="Features">Bins of each watched feature.</param>
/// <param name="ConfiguredAt">Since when; rows observed earlier do not count.</param>
/// <param name="FlushRows">A delta is sent at this many rows at the latest, so that a burst does not blur several windows into one.</param>
[GenerateSerializer, Immutable, Alias("mlops.MonitorReference")]
public sealed record MonitorReference(
    [property: Id(0)] int Generation,
    [property: Id(1)] IReadOnlyList<FeatureBins> Features,
    [property: Id(2)] DateTimeOffset ConfiguredAt = default,
    [property: Id(3)] int FlushRows = 1000);

/// <summary>
/// A feature's bins: numeric edges (n edges make n − 1 bins, then come below, above, missing, not finite) or named categories (then come other, new, missing).
/// </summary>
/// <param name="Feature">Column.</param>
/// <param name="Edges">Smallest, cuts, largest; <see langword="null"/> for texts.</param>
/// <param name="Categories">The most frequent ones; <see langword="null"/> for numbers.</param>
/// <param name="OtherIsOpen">The reference had more categories than are named, so a text without a name counts as other, not as new.</param>
[GenerateSerializer, Immutable, Alias("mlops.FeatureBins")]
public sealed record FeatureBins(
    [property: Id(0)] string Feature,
    [property: Id(1)] double[]? Edges,
    [property: Id(2)] string[]? Categories,
    [property: Id(3)] bool OtherIsOpen = false);

/// <summary>Counts from one aggregator since its last delta.</summary>
/// <param name="AggregatorId">Unique for one life of one aggregator.</param>
/// <param name="Sequence">1, 2, 3 …</param>
/// <param name="Generation">Of the reference that the counts belong to; counts of an old generation are dropped.</param>
/// <param name="Rows">Rows counted.</param>
/// <param name="Counts">Per feature in the reference's order: the histogram's integer counts.</param>
[GenerateSerializer, Immutable, Alias("mlops.MonitorDelta")]
public sealed record MonitorDelta(
    [property: Id(0)] string AggregatorId,
    [property: Id(1)] long Sequence,
    [property: Id(2)] int Generation,
    [property: Id(3)] long Rows,
    [property: Id(4)] IReadOnlyList<long[]> Counts);
