namespace MlopsGrains.Monitoring;

/// <summary>What rules would have said of the stored windows, had they been the monitor's.</summary>
/// <param name="Windows">The windows whose counts are kept, newest first. They are as they were cut: rules about their size change nothing here.</param>
/// <param name="Alerts">Alerts that would have been raised in them.</param>
/// <param name="AlertsBefore">Alerts that were raised in them.</param>
[GenerateSerializer, Immutable, Alias("mlops.BackTest")]
public sealed record BackTest(
    [property: Id(0)] IReadOnlyList<BackTestWindow> Windows,
    [property: Id(1)] int Alerts,
    [property: Id(2)] int AlertsBefore);

/// <summary>One stored window under other rules.</summary>
/// <param name="Window">Its number.</param>
/// <param name="ClosedAt">When it closed.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Before">What it was judged to be.</param>
/// <param name="Outcome">What it would have been.</param>
/// <param name="Distance">The largest Jensen–Shannon distance of a feature (base 2, 0–1), or <see langword="null"/>.</param>
/// <param name="Drifted">Features that would have drifted, farthest first.</param>
/// <param name="WasRaised">Whether it raised an alert.</param>
/// <param name="IsRaised">Whether it would have raised one.</param>
/// <param name="IsCleared">Whether an alert that would have been open would have closed after it.</param>
[GenerateSerializer, Immutable, Alias("mlops.BackTestWindow")]
public sealed record BackTestWindow(
    [property: Id(0)] long Window,
    [property: Id(1)] DateTimeOffset ClosedAt,
    [property: Id(2)] long Rows,
    [property: Id(3)] DriftOutcome Before,
    [property: Id(4)] DriftOutcome Outcome,
    [property: Id(5)] double? Distance,
    [property: Id(6)] IReadOnlyList<string> Drifted,
    [property: Id(7)] bool WasRaised,
    [property: Id(8)] bool IsRaised,
    [property: Id(9)] bool IsCleared);
