using System.Text.Json;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>The fold of a run's events. The run's end follows from its steps, so the last step's event and the run's end are one journal row.</summary>
[Immutable]
internal sealed class PipelineRunState
{
    public const int LogLineLengthMax = 2_000;

    public string PipelineRunId { get; set; } = "";

    public string Pipeline { get; set; } = "";

    public int DefinitionVersion { get; set; }

    public string DefinitionDigest { get; set; } = "";

    public string Cause { get; set; } = "";

    public string StartedBy { get; set; } = "";

    /// <summary>For whom the run acts; nobody in particular when its starter may do everything.</summary>
    public Principal? For { get; set; }

    public Dictionary<string, JsonElement> Params { get; set; } = [];

    public List<string> AlertTriggers { get; set; } = [];

    public PipelineRunStatus Status { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public string? Reason { get; set; }

    public bool StartAnnounced { get; set; }

    public bool EndAnnounced { get; set; }

    public List<StepState> Steps { get; set; } = [];

    public List<StepLogLine> Log { get; set; } = [];

    public bool Begun() => PipelineRunId.Length > 0;

    public bool Ended() => EndedAt is not null;

    public StepState? Find(string step) => Steps.Find(s => s.Name == step);

    public void Apply(PipelineRunEvent e)
    {
        switch (e)
        {
            case RunBegan began:
                Apply(began);
                break;
            case StepLeased leased:
                Find(leased.Step)!.Lease(leased);
                break;
            case LogAppended logged:
                Apply(logged);
                break;
            case AttemptEnded ended:
                Apply(ended);
                break;
            case RunCancelled cancelled:
                Stop(StepStatus.Cancelled, cancelled.At);
                End(PipelineRunStatus.Cancelled, cancelled.Reason, cancelled.At);
                break;
            case Announced announced:
                StartAnnounced = true;
                EndAnnounced |= announced.End;
                break;
            default:
                throw new NotSupportedException($"Unknown pipeline run event {e.GetType().Name}.");
        }
    }

    private void Apply(RunBegan began)
    {
        PipelineRunId = began.PipelineRunId;
        Pipeline = began.Pipeline;
        DefinitionVersion = began.DefinitionVersion;
        DefinitionDigest = began.DefinitionDigest;
        Cause = began.Cause;
        For = began.For;
        StartedBy = began.StartedBy;
        StartedAt = began.At;
        Params = new(began.Params);
        AlertTriggers = [.. began.AlertTriggers];
        Steps = [.. began.Steps.Select(s => new StepState { Plan = s })];
        Settle(began.At);
    }

    private void Apply(LogAppended logged)
    {
        foreach (var line in logged.Lines)
        {
            if (Log.Count >= PipelineLimits.LogLinesMax)
            {
                return;
            }

            var text = Log.Count == PipelineLimits.LogLinesMax - 1 ? $"The log is full ({PipelineLimits.LogLinesMax} lines); later lines are dropped." : line;
            Log.Add(new StepLogLine(Log.Count + 1, logged.At, logged.Step, logged.Attempt, text));
        }
    }

    private void Apply(AttemptEnded ended)
    {
        var step = Find(ended.Step)!;
        step.End(ended);
        if (ended.Outcome == AttemptOutcome.Rejected)
        {
            Stop(StepStatus.Skipped, ended.At);
            End(PipelineRunStatus.Rejected, $"{ended.Step}: {ended.Error}", ended.At);
            return;
        }

        Settle(ended.At);
    }

    /// <summary>Makes steps ready or skipped as their needs end, and ends the run with its last step.</summary>
    private void Settle(DateTimeOffset at)
    {
        // The plan is in dependency order, so one pass is enough.
        var byName = Steps.ToDictionary(s => s.Name, StringComparer.Ordinal);
        foreach (var step in Steps.Where(s => s.Status == StepStatus.Waiting))
        {
            var needs = step.Plan.Needs.Select(n => byName[n].Status).ToList();
            if (needs.Exists(n => n is StepStatus.Failed or StepStatus.Skipped))
            {
                step.Status = StepStatus.Skipped;
                step.EndedAt = at;
            }
            else if (needs.TrueForAll(n => n == StepStatus.Succeeded))
            {
                step.Status = StepStatus.Ready;
                step.ReadyAt = at;
            }
        }

        if (!Steps.TrueForAll(s => s.IsTerminal()))
        {
            return;
        }

        var failed = Steps.Find(s => s.Status == StepStatus.Failed);
        End(failed is null ? PipelineRunStatus.Succeeded : PipelineRunStatus.Failed, failed is null ? null : $"{failed.Name}: {failed.Error}", at);
    }

    private void Stop(StepStatus waiting, DateTimeOffset at)
    {
        foreach (var step in Steps.Where(s => !s.IsTerminal()))
        {
            if (step.Status == StepStatus.Running)
            {
                step.Attempts[^1].EndedAt = at;
            }

            step.Status = step.Status == StepStatus.Running ? StepStatus.Cancelled : waiting;
            step.EndedAt = at;
        }
    }

    private void End(PipelineRunStatus status, string? reason, DateTimeOffset at)
    {
        Status = status;
        Reason = reason;
        EndedAt = at;
    }
}
