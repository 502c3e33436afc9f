using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>What pages say about a run beside its own values.</summary>
internal static class RunView
{
    public const string SystemPrefix = "system/";

    private const double DurationMsMax = 1e14;

    /// <summary>Tags that people set; the protocol's own are shown by what they mean.</summary>
    public static IEnumerable<Tag> OwnTags(Run run) => run.Tags.Where(t => !t.Key.StartsWith("mlflow.", StringComparison.Ordinal) && !t.Key.StartsWith("mlops.", StringComparison.Ordinal));

    public static string? TagOf(Run run, string key) => run.Tags.FirstOrDefault(t => t.Key == key)?.Value;

    public static TimeSpan DurationOf(RunInfo run, DateTimeOffset now) =>
        TimeSpan.FromMilliseconds(Math.Clamp((double)(run.EndTime ?? now.ToUnixTimeMilliseconds()) - run.StartTime, 0, DurationMsMax));

    /// <summary>The group of a metric's chart: what stands before its first <c>/</c> or <c>_</c>.</summary>
    public static string GroupOf(string metric) => metric.Split('/', '_')[0] switch
    {
        "val" or "valid" or "validation" or "eval" => "Validation",
        "train" or "training" => "Training",
        "test" => "Test",
        "system" => "System",
        _ => "Other",
    };

    /// <summary>Groups in the order in which they are looked at.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["Validation", "Test", "Training", "Other", "System"];
}
