using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>What a pipeline run's journal holds. Names and discriminators are a stored format: only add.</summary>
[JsonDerivedType(typeof(RunBegan), "began")]
[JsonDerivedType(typeof(StepLeased), "leased")]
[JsonDerivedType(typeof(LogAppended), "logged")]
[JsonDerivedType(typeof(AttemptEnded), "ended")]
[JsonDerivedType(typeof(RunCancelled), "cancelled")]
[JsonDerivedType(typeof(Announced), "announced")]
internal abstract record PipelineRunEvent;

/// <summary>The run with its whole plan, so that neither an edited definition nor a newer parser changes it.</summary>
internal sealed record RunBegan(
    string PipelineRunId,
    string Pipeline,
    int DefinitionVersion,
    string DefinitionDigest,
    string Cause,
    string StartedBy,
    DateTimeOffset At,
    IReadOnlyDictionary<string, JsonElement> Params,
    IReadOnlyList<PlannedStep> Steps,
    IReadOnlyList<string> AlertTriggers,
    Principal? For = null) : PipelineRunEvent;

/// <param name="Name">Unique: the definition's name, with <c>@</c> and the matrix values for a fan-out.</param>
/// <param name="Group">The definition's name.</param>
/// <param name="Uses">Kind.</param>
/// <param name="Needs">Names of planned steps.</param>
/// <param name="With">Inputs as JSON text, references unresolved.</param>
/// <param name="Matrix">This step's values; <see langword="null"/> without a fan-out.</param>
/// <param name="Attempts">How often its own errors are tried.</param>
/// <param name="TimeoutSeconds">Longest time of one attempt.</param>
internal sealed record PlannedStep(
    string Name,
    string Group,
    string Uses,
    IReadOnlyList<string> Needs,
    string With,
    IReadOnlyDictionary<string, JsonElement>? Matrix,
    int Attempts,
    int TimeoutSeconds);

internal sealed record StepLeased(string Step, int Attempt, string Secret, string Worker, DateTimeOffset At) : PipelineRunEvent;

internal sealed record LogAppended(string Step, int Attempt, IReadOnlyList<string> Lines, DateTimeOffset At) : PipelineRunEvent;

/// <param name="Step">Which step.</param>
/// <param name="Attempt">Its attempt.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Outputs">Published outputs, only of a succeeded attempt.</param>
/// <param name="Error">Why it did not succeed.</param>
/// <param name="ResultDigest">Of the worker's result; <see langword="null"/> when the run itself ended the attempt.</param>
/// <param name="RetryAt">When the next attempt may begin; <see langword="null"/> when there is none.</param>
/// <param name="At">Server time.</param>
internal sealed record AttemptEnded(
    string Step,
    int Attempt,
    AttemptOutcome Outcome,
    IReadOnlyDictionary<string, string>? Outputs,
    string? Error,
    string? ResultDigest,
    DateTimeOffset? RetryAt,
    DateTimeOffset At) : PipelineRunEvent;

internal sealed record RunCancelled(string Reason, DateTimeOffset At) : PipelineRunEvent;

/// <summary>The audit chain and the catalogs know of the beginning, or of the end.</summary>
internal sealed record Announced(bool End) : PipelineRunEvent;
