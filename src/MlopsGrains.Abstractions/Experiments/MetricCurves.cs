namespace MlopsGrains.Experiments;

/// <summary>What a curve is drawn over.</summary>
public enum CurveAxis
{
    /// <summary>The points' steps.</summary>
    Step = 1,

    /// <summary>The points' timestamps, Unix milliseconds.</summary>
    Time = 2,

    /// <summary>Milliseconds since the run's start.</summary>
    Relative = 3,
}

/// <summary>Which metrics of which runs to draw. At most 1,000 curves (runs × keys) and 1,000,000 buckets (curves × buckets) at once.</summary>
/// <param name="RunIds">1–100 runs that exist.</param>
/// <param name="Keys">1–500 metrics; one that a run does not have is an empty curve.</param>
/// <param name="By">What <paramref name="Start"/>, <paramref name="End"/> and the answer's x are.</param>
/// <param name="Buckets">2–10,000 of each curve; a chart asks for one per pixel of its width and gets two points of each.</param>
/// <param name="Start">First x, included; from the first point on when <see langword="null"/>.</param>
/// <param name="End">Last x, included; to the last point when <see langword="null"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.CurveQuery")]
public sealed record CurveQuery(
    [property: Id(0)] IReadOnlyList<string> RunIds,
    [property: Id(1)] IReadOnlyList<string> Keys,
    [property: Id(2)] CurveAxis By = CurveAxis.Step,
    [property: Id(3)] int Buckets = 500,
    [property: Id(4)] long? Start = null,
    [property: Id(5)] long? End = null);

/// <summary>
/// One metric of one run, as lowest and highest point of each bucket, so that no spike is lost. Bucket widths are powers of two and buckets begin at multiples of them: x and x' are of
/// one bucket when ⌊x / width⌋ is the same.
/// </summary>
/// <param name="RunId">The run.</param>
/// <param name="Key">The metric.</param>
/// <param name="Width">What a bucket spans, in units of x; 1 when nothing was left out.</param>
/// <param name="Count">Points in the range, also those that are not numbers.</param>
/// <param name="X">Rising, one or two of a bucket.</param>
/// <param name="Y">Finite, as many as x.</param>
/// <param name="NotFinite">Where values are NaN or infinite, rising; at most one of a bucket.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricCurve")]
public sealed record MetricCurve(
    [property: Id(0)] string RunId,
    [property: Id(1)] string Key,
    [property: Id(2)] ulong Width,
    [property: Id(3)] long Count,
    [property: Id(4)] long[] X,
    [property: Id(5)] double[] Y,
    [property: Id(6)] long[] NotFinite);
