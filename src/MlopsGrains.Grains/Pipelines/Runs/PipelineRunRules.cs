using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>Decides: a state and a command give the events to record, or a refusal. Pure; <c>now</c> is the server's time.</summary>
internal static class PipelineRunRules
{
    /// <summary>How often the platform may lose a step before the step fails; with the pauses between them, an outage of a minute and more.</summary>
    public const int LossesMax = 8;
    public const int OutputsMax = 100;
    public const int OutputLengthMax = 262_144;
    public const int LinesPerCallMax = 1_000;
    public const int ErrorLengthMax = 10_000;

    public static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(30);

    public static StepLeased? Lease(PipelineRunState state, string step, string worker, string secret, DateTimeOffset now) =>
        state.Begun() && !state.Ended() && state.Find(step) is { } found && found.MayBeLeased(now)
            ? new StepLeased(step, found.Attempt + 1, secret, worker, now)
            : null;

    /// <summary>The step's inputs with all references resolved. All needs have succeeded, so only the name of an output can be missing.</summary>
    public static string Inputs(PipelineRunState state, StepState step) =>
        Template.Resolve(JsonNode.Parse(step.Plan.With), reference => reference.Scope switch
        {
            ReferenceScope.RunId => JsonValue.Create(state.PipelineRunId),
            ReferenceScope.Param => Node(state.Params[reference.Name]),
            ReferenceScope.Matrix => Node(step.Plan.Matrix![reference.Name]),
            _ => Outputs(state, reference),
        })!.ToJsonString();

    /// <summary>Events to record (log lines), and what to tell the worker.</summary>
    public static (IReadOnlyList<PipelineRunEvent> Events, HeartbeatReply Reply) Heartbeat(
        PipelineRunState state, StepToken token, IReadOnlyList<string> lines, DateTimeOffset now)
    {
        var (step, attempt) = Held(state, token);
        if (step.Status == StepStatus.Cancelled && step.Attempt == token.Attempt)
        {
            return ([], new HeartbeatReply(Cancel: true));
        }

        return IsCurrent(step, token, attempt) ? (Logged(state, token, lines, now), new HeartbeatReply(Cancel: false)) : throw Stale(token);
    }

    /// <summary>Events to record; none when this result is recorded already.</summary>
    public static IReadOnlyList<PipelineRunEvent> Complete(PipelineRunState state, StepToken token, StepResult result, DateTimeOffset now)
    {
        var (step, attempt) = Held(state, token);
        Check(result);
        var digest = Digest(result);
        if (!IsCurrent(step, token, attempt))
        {
            return attempt.ResultDigest == digest ? [] : throw Stale(token);
        }

        var outcome = result.Outcome switch
        {
            StepOutcome.Succeeded => AttemptOutcome.Succeeded,
            StepOutcome.Rejected => AttemptOutcome.Rejected,
            StepOutcome.Lost => AttemptOutcome.Lost,
            _ => AttemptOutcome.Failed,
        };
        return [.. Logged(state, token, result.LogLines, now), Ended(step, token.Attempt, outcome, result, digest, now)];
    }

    public static RunCancelled? Cancel(PipelineRunState state, string reason, DateTimeOffset now) => state.Ended() ? null : new RunCancelled(Shorten(reason, ErrorLengthMax), now);

    /// <summary>Ends attempts that ran out of time or whose worker is silent.</summary>
    public static IReadOnlyList<PipelineRunEvent> Expire(PipelineRunState state, LeaseBook leases, DateTimeOffset now)
    {
        var events = new List<PipelineRunEvent>();
        foreach (var step in state.Steps.Where(s => s.Status == StepStatus.Running))
        {
            var attempt = step.Attempts[^1];
            if (leases.HeldFor(step.Name, step.Attempt) >= TimeSpan.FromSeconds(step.Plan.TimeoutSeconds))
            {
                events.Add(Ended(step, step.Attempt, AttemptOutcome.TimedOut, $"The attempt took longer than its timeout of {step.Plan.TimeoutSeconds} s.", now));
            }
            else if (leases.IsExpired(step.Name, step.Attempt))
            {
                events.Add(Ended(step, step.Attempt, AttemptOutcome.Lost, $"The worker '{attempt.Worker}' was silent for {leases.Lease.TotalSeconds} s.", now));
            }
        }

        return events;
    }

    /// <summary>A run that cannot go on because a step's inputs do not resolve.</summary>
    public static AttemptEnded Unresolvable(string step, int attempt, string error, DateTimeOffset now) =>
        new(step, attempt, AttemptOutcome.Failed, null, error, null, null, now);

    private static AttemptEnded Ended(StepState step, int attempt, AttemptOutcome outcome, string error, DateTimeOffset now) =>
        Ended(step, attempt, outcome, new StepResult(StepOutcome.Failed, new Dictionary<string, string>(), error, []), null, now);

    private static AttemptEnded Ended(StepState step, int attempt, AttemptOutcome outcome, StepResult result, string? digest, DateTimeOffset now)
    {
        // The outcomes counted are of the earlier attempts: this one is not recorded yet.
        var own = step.Count(AttemptOutcome.Failed) + step.Count(AttemptOutcome.TimedOut) + 1;
        var lost = step.Count(AttemptOutcome.Lost) + 1;
        DateTimeOffset? retryAt = outcome switch
        {
            AttemptOutcome.Failed or AttemptOutcome.TimedOut when own < step.Plan.Attempts => now + Delay(own),
            AttemptOutcome.Lost when lost <= LossesMax => lost == 1 ? now : now + Delay(lost - 1),
            _ => null,
        };
        var outputs = outcome == AttemptOutcome.Succeeded ? result.Outputs : null;
        var error = outcome == AttemptOutcome.Succeeded ? null : Shorten(result.Error ?? outcome.ToString(), ErrorLengthMax);
        return new AttemptEnded(step.Name, attempt, outcome, outputs, error, digest, retryAt, now);
    }

    private static TimeSpan Delay(int failures) => TimeSpan.FromSeconds(Math.Min(RetryDelayMax.TotalSeconds, Math.Pow(2, failures - 1)));

    private static (StepState Step, AttemptState Attempt) Held(PipelineRunState state, StepToken token) =>
        state.Find(token.Step) is { } step && step.Holder(token) is { } attempt ? (step, attempt) : throw Stale(token);

    private static bool IsCurrent(StepState step, StepToken token, AttemptState attempt) =>
        step.Status == StepStatus.Running && step.Attempt == token.Attempt && attempt.Outcome is null;

    private static MlopsException Stale(StepToken token) => MlopsException.Conflict($"Attempt {token.Attempt} of step '{token.Step}' does not hold the step (any more).");

    private static IReadOnlyList<PipelineRunEvent> Logged(PipelineRunState state, StepToken token, IReadOnlyList<string> lines, DateTimeOffset now)
    {
        var room = PipelineLimits.LogLinesMax - state.Log.Count;
        return lines.Count == 0 || room <= 0
            ? []
            : [new LogAppended(token.Step, token.Attempt, [.. lines.Take(Math.Min(room, LinesPerCallMax)).Select(l => Shorten(l, PipelineRunState.LogLineLengthMax))], now)];
    }

    private static void Check(StepResult result)
    {
        if (result.Outputs.Count > OutputsMax)
        {
            throw MlopsException.Invalid("outputs", $"outputs has {result.Outputs.Count} entries; at most {OutputsMax}.");
        }

        var length = result.Outputs.Sum(o => (long)o.Key.Length + o.Value.Length);
        if (length > OutputLengthMax)
        {
            throw MlopsException.Invalid("outputs", $"outputs has {length} characters in all; at most {OutputLengthMax}. Keep large results in a blob and give its digest.");
        }
    }

    private static string Digest(StepResult result)
    {
        var text = JsonSerializer.Serialize(new object?[] { (int)result.Outcome, result.Outputs.OrderBy(o => o.Key, StringComparer.Ordinal), result.Error });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static JsonNode? Outputs(PipelineRunState state, TemplateReference reference)
    {
        var steps = state.Steps.Where(s => s.Plan.Group == reference.Name).ToList();
        var values = steps.Select(s => reference.Key is null
            ? new JsonObject(s.Outputs.Select(o => KeyValuePair.Create(o.Key, (JsonNode?)JsonValue.Create(o.Value))))
            : s.Outputs.TryGetValue(reference.Key, out var value)
                ? (JsonNode)JsonValue.Create(value)
                : throw MlopsException.Invalid("with", $"Step '{s.Name}' gave no output '{reference.Key}'.")).ToList();
        return steps[0].Plan.Matrix is null ? values[0] : new JsonArray([.. values]);
    }

    private static JsonNode? Node(JsonElement value) => JsonSerializer.SerializeToNode(value);

    private static string Shorten(string text, int max) => text.Length <= max ? text : text[..(max - 1)] + "…";
}
