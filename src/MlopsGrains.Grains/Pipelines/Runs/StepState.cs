using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>One step of a run with all its attempts.</summary>
internal sealed class StepState
{
    public required PlannedStep Plan { get; set; }

    public StepStatus Status { get; set; }

    public List<AttemptState> Attempts { get; set; } = [];

    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>Since when it could first be leased.</summary>
    public DateTimeOffset? ReadyAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public Dictionary<string, string> Outputs { get; set; } = [];

    public string? Error { get; set; }

    [System.Text.Json.Serialization.JsonIgnore]
    public string Name => Plan.Name;

    [System.Text.Json.Serialization.JsonIgnore]
    public int Attempt => Attempts.Count;

    public bool IsTerminal() =>
        Status is StepStatus.Succeeded or StepStatus.Failed or StepStatus.Skipped or StepStatus.Cancelled or StepStatus.Rejected;

    /// <summary>A pause that ends later than pauses last is one that a clock, which was set back, has not come to yet.</summary>
    public bool MayBeLeased(DateTimeOffset now) =>
        Status == StepStatus.Ready || (Status == StepStatus.RetryWait && (NotBefore <= now || NotBefore > now + PipelineRunRules.RetryDelayMax));

    /// <summary>The token's attempt, when its secret is right.</summary>
    public AttemptState? Holder(StepToken token) =>
        token.Attempt >= 1 && token.Attempt <= Attempts.Count && Attempts[token.Attempt - 1] is { } attempt && attempt.Secret == token.Secret ? attempt : null;

    public int Count(AttemptOutcome outcome) => Attempts.Count(a => a.Outcome == outcome);

    public void Lease(StepLeased leased)
    {
        Attempts.Add(new AttemptState { Secret = leased.Secret, Worker = leased.Worker, StartedAt = leased.At });
        Status = StepStatus.Running;
        StartedAt ??= leased.At;
        NotBefore = null;
    }

    public void End(AttemptEnded ended)
    {
        var attempt = Attempts[ended.Attempt - 1];
        attempt.Outcome = ended.Outcome;
        attempt.ResultDigest = ended.ResultDigest;
        attempt.EndedAt = ended.At;
        attempt.Error = ended.Error;
        attempt.RetryAt = ended.RetryAt;
        Error = ended.Error;
        if (ended.RetryAt is { } retryAt)
        {
            Status = StepStatus.RetryWait;
            NotBefore = retryAt;
            return;
        }

        EndedAt = ended.At;
        Status = ended.Outcome switch
        {
            AttemptOutcome.Succeeded => StepStatus.Succeeded,
            AttemptOutcome.Rejected => StepStatus.Rejected,
            _ => StepStatus.Failed,
        };
        if (ended.Outcome == AttemptOutcome.Succeeded)
        {
            Outputs = new(ended.Outputs ?? new Dictionary<string, string>());
        }
    }
}

internal sealed class AttemptState
{
    public required string Secret { get; set; }

    public required string Worker { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    /// <summary><see langword="null"/> while it is held, and for good when the run was stopped over its head.</summary>
    public AttemptOutcome? Outcome { get; set; }

    public string? ResultDigest { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public string? Error { get; set; }

    public DateTimeOffset? RetryAt { get; set; }
}
