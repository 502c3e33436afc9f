using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>Whether the second of two groups is better, in a sentence. "Better" only where the interval of the difference says so.</summary>
internal sealed record GroupVerdict(string Look, string Sentence, string Why)
{
    private const int EnoughRuns = 5;

    /// <param name="metric">What was compared.</param>
    /// <param name="runs">Of the smaller group.</param>
    public static GroupVerdict Of(RunMetricComparison metric, int runs)
    {
        if (metric is not { Low: { } low, High: { } high, WelchP: { } p })
        {
            return new("", "Not enough data", "An interval needs two runs in each group.");
        }

        var size = Formats.Shown.Metric(Math.Abs(metric.Difference));
        var interval = $"({Formats.Shown.Metric(low)} – {Formats.Shown.Metric(high)})";
        var few = runs < EnoughRuns ? $" With {runs} runs in a group this is a hint; {EnoughRuns} or more would say it better." : "";
        if (low <= 0 && high >= 0)
        {
            return new("", $"Unclear: the difference of {metric.Key} is {Formats.Shown.Metric(metric.Difference)} {interval}", $"The interval holds zero; chance alone gives such a difference with probability {Formats.Shown.Probability(p)}.{few}");
        }

        var better = metric.Difference < 0 == Formats.Shown.LessIsBetter(metric.Key);
        return new(better ? "ok" : "bad", $"The second group is {(better ? "better" : "worse")} by {size} {interval} in {metric.Key}", $"Chance alone gives such a difference with probability {Formats.Shown.Probability(p)}.{few}");
    }

    /// <summary>Hedges' g in a word.</summary>
    public static string Effect(double g) => Math.Abs(g) switch { < 0.2 => "negligible", < 0.5 => "small", < 0.8 => "medium", _ => "large" };
}
