using System.Text.RegularExpressions;
using MlopsGrains.Pipelines;
using MlopsGrains.Web.Parts;

namespace MlopsGrains.Web.Pipelines;

/// <summary>How runs and steps of pipelines look, and what pages say of them.</summary>
internal static partial class PipelineLook
{
    public static StatusLook Of(PipelineRunStatus status) => status switch
    {
        PipelineRunStatus.Running => new("run", "run", "running"),
        PipelineRunStatus.Succeeded => new("ok", "ok", "succeeded"),
        PipelineRunStatus.Failed => new("bad", "bad", "failed"),
        PipelineRunStatus.Rejected => new("warn", "warn", "rejected"),
        PipelineRunStatus.Cancelled => new("stop", "idle", "cancelled"),
        _ => StatusLook.NoData,
    };

    public static StatusLook Of(StepStatus status) => status switch
    {
        StepStatus.Waiting => new("wait", "idle", "waiting"),
        StepStatus.Ready => new("wait", "idle", "queued"),
        StepStatus.Running => new("run", "run", "running"),
        StepStatus.RetryWait => new("warn", "warn", "waits to retry"),
        StepStatus.Succeeded => new("ok", "ok", "succeeded"),
        StepStatus.Failed => new("bad", "bad", "failed"),
        StepStatus.Skipped => new("skip", "idle", "skipped"),
        StepStatus.Cancelled => new("stop", "idle", "cancelled"),
        StepStatus.Rejected => new("warn", "warn", "rejected"),
        _ => StatusLook.NoData,
    };

    public static StatusLook Of(StepAttempt attempt, StepStatus step) => attempt.Outcome switch
    {
        AttemptOutcome.Succeeded => new("ok", "ok", "succeeded"),
        AttemptOutcome.Failed => new("bad", "bad", "own error"),
        AttemptOutcome.Rejected => new("warn", "warn", "rejected"),
        AttemptOutcome.Lost => new("lost", "warn", "lost"),
        AttemptOutcome.TimedOut => new("bad", "bad", "timed out"),
        _ => step == StepStatus.Running ? new("run", "run", "running") : new("stop", "idle", "stopped"),
    };

    /// <summary>Whether it has not begun and cannot be told to end.</summary>
    public static bool IsAhead(StepStatus status) => status is StepStatus.Waiting or StepStatus.Ready;

    public static TimeSpan DurationOf(PipelineRun run, DateTimeOffset now) => (run.EndedAt ?? now) - run.StartedAt;

    /// <summary>How long its attempts ran; <see langword="null"/> before the first.</summary>
    public static TimeSpan? RanFor(PipelineStep step, DateTimeOffset now) => step.Attempts is { Count: > 0 } attempts
        ? new TimeSpan(attempts.Sum(a => Math.Max(0, (EndOf(step, a, now) - a.StartedAt).Ticks)))
        : null;

    /// <summary>Attempts that ended before ends were recorded ended at the latest when the next one, or the step, did.</summary>
    public static DateTimeOffset EndOf(PipelineStep step, StepAttempt attempt, DateTimeOffset now) =>
        attempt.EndedAt ?? (attempt.Number < step.Attempts!.Count ? step.Attempts[attempt.Number].StartedAt : step.EndedAt ?? now);

    /// <summary>How long it stood in the queue before its first attempt.</summary>
    public static TimeSpan? QueuedFor(PipelineStep step, DateTimeOffset now) =>
        step.ReadyAt is not { } ready ? null : step.StartedAt is { } began ? began - ready : step.EndedAt is null ? now - ready : null;

    /// <summary>What an input says, with the values that its references have by now.</summary>
    public static string Resolve(string text, PipelineRun run) => Reference().Replace(text, found =>
    {
        var path = found.Groups[1].Value.Split('.', 4);
        return path switch
        {
            ["run", "id"] => run.PipelineRunId,
            ["params", var name] when run.Params.TryGetValue(name, out var value) => value,
            ["steps", var step, "outputs", var key] when run.Steps.FirstOrDefault(s => s.Name == step) is { } before && before.Outputs.TryGetValue(key, out var value) => value,
            _ => found.Value,
        };
    });

    /// <summary>Half of the runs that ended took no longer.</summary>
    public static TimeSpan? Median(IEnumerable<PipelineRun> runs)
    {
        var took = runs.Where(r => r.EndedAt is not null).Select(r => r.EndedAt!.Value - r.StartedAt).Order().ToList();
        return took.Count == 0 ? null : took[took.Count / 2];
    }

    /// <summary>Of the runs that ended and were not cancelled.</summary>
    public static double? SuccessShare(IEnumerable<PipelineRun> runs)
    {
        var judged = runs.Where(r => r.Status is PipelineRunStatus.Succeeded or PipelineRunStatus.Failed or PipelineRunStatus.Rejected).ToList();
        return judged.Count == 0 ? null : judged.Count(r => r.Status == PipelineRunStatus.Succeeded) / (double)judged.Count;
    }

    [GeneratedRegex(@"\$\{([^}]{1,300})\}")]
    private static partial Regex Reference();
}
