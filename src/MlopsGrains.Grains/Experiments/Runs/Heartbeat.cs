using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>
/// A run that asks for it by a tag ends as failed when nothing has been heard of it for the time that the tag says. Every write is a beat. Pure.
/// </summary>
internal static class Heartbeat
{
    public const string TimeoutTag = NewRun.HeartbeatTag;

    /// <summary>Where clients say why a run failed.</summary>
    public const string FailureTag = "mlops.failure";

    public const int SecondsMin = 5;
    public const int SecondsMax = 7 * 24 * 3600;

    public static void Check(string field, Tag tag)
    {
        if (tag.Key == TimeoutTag && Parse(tag.Value) is null)
        {
            throw MlopsException.Invalid(field, $"{field}: the tag {TimeoutTag} is '{tag.Value.CutTo(50)}'; expected {SecondsMin}–{SecondsMax} whole seconds.");
        }
    }

    /// <summary>The silence after which the run counts as lost, or <see langword="null"/> when nobody waits for it.</summary>
    public static TimeSpan? Awaited(RunState state) =>
        state is { Exists: true, Status: RunStatus.Running, Stage: LifecycleStage.Active } && state.Tags.TryGetValue(TimeoutTag, out var text) ? Parse(text) : null;

    public static IReadOnlyList<RunEvent> Fail(TimeSpan timeout, DateTimeOffset now) =>
    [
        new RunUpdated(RunStatus.Failed, now.ToUnixTimeMilliseconds(), null),
        new BatchLogged(
            MetricColumns.Empty,
            [],
            [new Tag(FailureTag, string.Create(CultureInfo.InvariantCulture, $"No sign of life for {timeout.TotalSeconds} seconds ({TimeoutTag})."))],
            null),
    ];

    private static TimeSpan? Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= SecondsMin and <= SecondsMax
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
