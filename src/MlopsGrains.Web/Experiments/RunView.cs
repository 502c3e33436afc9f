using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>What pages say about a run beside its own values.</summary>
internal static class RunView
{
    public const string SystemPrefix = "system/";

    /// <summary>The tag that holds a run's notes, also for MLflow's clients.</summary>
    public const string NoteTag = "mlflow.note.content";

    private const double DurationMsMax = 1e14;

    private static readonly (string Name, string Tag)[] Sources =
    [
        ("commit", "mlflow.source.git.commit"), ("branch", "mlflow.source.git.branch"), ("repository", "mlflow.source.git.repoURL"), ("program", "mlflow.source.name"), ("project", "mlflow.project.entryPoint"),
    ];

    /// <summary>Tags that people set; the protocol's own are shown by what they mean.</summary>
    public static IEnumerable<Tag> OwnTags(Run run) => run.Tags.Where(t => !t.Key.StartsWith("mlflow.", StringComparison.Ordinal) && !t.Key.StartsWith("mlops.", StringComparison.Ordinal));

    public static string? TagOf(Run run, string key) => run.Tags.FirstOrDefault(t => t.Key == key)?.Value;

    /// <summary>What is known of the code that ran.</summary>
    public static IEnumerable<Tag> Code(Run run) =>
        from source in Sources
        let value = TagOf(run, source.Tag)
        where !string.IsNullOrEmpty(value)
        select new Tag(source.Name, value);

    public static TimeSpan DurationOf(RunInfo run, DateTimeOffset now) =>
        TimeSpan.FromMilliseconds(Math.Clamp((double)(run.EndTime ?? now.ToUnixTimeMilliseconds()) - run.StartTime, 0, DurationMsMax));

    /// <summary>The group of a metric's chart: what stands before its first <c>/</c> or <c>_</c>.</summary>
    public static string GroupOf(string metric) => metric.Split('/', '_')[0] switch
    {
        "val" or "valid" or "validation" or "eval" => "Validation",
        "train" or "training" => "Training",
        "test" => "Test",
        _ => "Other",
    };

    /// <summary>Whether a metric is one of the machine's.</summary>
    public static bool IsSystem(string metric) => metric.StartsWith(SystemPrefix, StringComparison.Ordinal);

    /// <summary>The machine of a system metric, <c>system/host/name</c>, or the only one.</summary>
    public static string HostOf(string metric) => metric.Split('/') is [_, var host, _, ..] ? host : "This machine";

    /// <summary>A system metric without its machine.</summary>
    public static string SystemName(string metric) => metric[(metric.LastIndexOf('/') + 1)..];

    /// <summary>Groups in the order in which they are looked at.</summary>
    public static IList<string> Groups { get; } = ["Validation", "Test", "Training", "Other"];
}
