using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Experiments.Live;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Pipelines;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>The thin shell around <see cref="PipelineRunRules"/>: decides, journals, offers ready steps to workers, tells catalogs and audit chain.</summary>
[GrainType("pipeline-run")]
internal sealed partial class PipelineRunGrain(
    IJournal journal,
    PipelineYaml reader,
    StepCatalog kinds,
    IOptions<PipelineOptions> options,
    PipelineMetrics metrics,
    LongWait longWait,
    TimeProvider time,
    ILogger<PipelineRunGrain> logger)
    : JournalGrain<PipelineRunState, PipelineRunEvent>(journal, new JsonJournalCodec<PipelineRunState, PipelineRunEvent>()), IPipelineRunGrain
{
    private static readonly TimeSpan OfferAgainAfter = TimeSpan.FromSeconds(5);

    private readonly LeaseBook leases = new(time, options.Value.Lease);
    private readonly Dictionary<string, long> offered = [];
    private readonly RecentChanges<PipelineRunChange> recent = new(longWait, time, Weight);
    private IGrainTimer? timer;

    private string Id => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        Watch();
    }

    public async Task<PipelineRun> Begin(PipelineDefinition definition, StartPipeline start, CancellationToken cancellationToken = default)
    {
        if (!State.Begun())
        {
            var spec = reader.Read(definition.Yaml);
            var parameters = PipelinePlan.Params(spec, start.Params);
            new StepInputCheck(kinds, spec.Steps).Start(parameters);
            var began = new RunBegan(
                Id, definition.Pipeline, definition.Version, definition.Digest, start.Cause, Actor.Current, time.GetUtcNow(), parameters, PipelinePlan.Steps(spec), spec.AlertTriggers, Principal.Current);
            // First the catalog: a crash right after it leaves a name that the sweep removes, never a run that nobody resumes.
            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.UnfinishedPipelineRuns).Add(Id, CancellationToken.None);
            await Record(began);
        }

        await Advance();
        return PipelineRunView.Of(State);
    }

    public Task<PipelineRun?> Get(CancellationToken cancellationToken = default) => Task.FromResult(State.Begun() ? PipelineRunView.Of(State) : null);

    public Task<IReadOnlyList<StepLogLine>> Logs(long after, int limit, CancellationToken cancellationToken = default)
    {
        RequireBegun();
        if (after < 0)
        {
            throw MlopsException.Invalid("after", $"after is {after}; expected 0 or more.");
        }

        Limit.Page("limit", limit, PipelineLimits.LogLinesMax);

        return Task.FromResult<IReadOnlyList<StepLogLine>>([.. State.Log.Skip((int)Math.Min(after, State.Log.Count)).Take(limit)]);
    }

    public async Task<PipelineRun> Cancel(string reason, CancellationToken cancellationToken = default)
    {
        RequireBegun();
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw MlopsException.Invalid("reason", "reason is required.");
        }

        if (PipelineRunRules.Cancel(State, reason, time.GetUtcNow()) is { } cancelled)
        {
            await Record(cancelled);
        }

        await Advance();
        return PipelineRunView.Of(State);
    }

    public async Task<StepLease?> Lease(string step, string worker, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        if (PipelineRunRules.Lease(State, step, worker, RandomNumberGenerator.GetHexString(32, lowercase: true), now) is not { } leased)
        {
            return null;
        }

        var found = State.Find(step)!;
        string inputs;
        try
        {
            inputs = PipelineRunRules.Inputs(State, found);
        }
        catch (MlopsException e)
        {
            await Record([leased, PipelineRunRules.Unresolvable(step, leased.Attempt, e.Message, now)]);
            await Advance();
            return null;
        }

        await Record(leased);
        leases.Renew(step, leased.Attempt);
        offered.Remove(step);
        return new StepLease(
            new StepToken(step, leased.Attempt, leased.Secret), found.Plan.Uses, inputs, (int)leases.Lease.TotalSeconds,
            $"{Id}/{step}", State.Pipeline, State.DefinitionDigest, State.AlertTriggers, State.For, State.StartedBy);
    }

    public async Task<HeartbeatReply> Heartbeat(StepToken token, IReadOnlyList<string> logLines, CancellationToken cancellationToken = default)
    {
        var (events, reply) = PipelineRunRules.Heartbeat(State, token, logLines, time.GetUtcNow());
        leases.Renew(token.Step, token.Attempt);
        if (events.Count > 0)
        {
            await Record(events);
        }

        return reply;
    }

    public async Task Complete(StepToken token, StepResult result, CancellationToken cancellationToken = default)
    {
        var events = PipelineRunRules.Complete(State, token, result, time.GetUtcNow());
        if (events.Count > 0)
        {
            if (Digests(events) is { Count: > 0 } digests)
            {
                await GrainFactory.GetGrain<IBlobNamesGrain>(0).Produced(digests, State.Pipeline, CancellationToken.None);
            }

            await Record(events);
        }

        await Advance();
    }

    /// <summary>Blobs that the run gives out, which whoever may read its pipeline may read.</summary>
    private static List<string> Digests(IReadOnlyList<PipelineRunEvent> events) =>
        [.. events.OfType<AttemptEnded>().SelectMany(e => e.Outputs?.Values ?? []).Where(Names.IsDigest).Distinct(StringComparer.Ordinal)];

    public async Task Sweep(CancellationToken cancellationToken = default)
    {
        if (State.Begun())
        {
            await Check();
            return;
        }

        await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.UnfinishedPipelineRuns).Remove(Id, cancellationToken);
        DeactivateOnIdle();
    }

    protected override void Apply(PipelineRunState state, PipelineRunEvent e) => state.Apply(e);

    private async Task Check()
    {
        leases.Tick(options.Value.CheckPeriod);
        if (!State.Ended() && PipelineRunRules.Expire(State, leases, time.GetUtcNow()) is { Count: > 0 } expired)
        {
            foreach (var attempt in expired.OfType<AttemptEnded>())
            {
                leases.Forget(attempt.Step, attempt.Attempt);
                AttemptExpired(logger, Id, attempt.Step, attempt.Attempt, attempt.Outcome);
            }

            await Record(expired);
        }

        await Advance();
    }

    /// <summary>Does what the state asks for next. Everything here may be repeated, so a crash in the middle costs nothing.</summary>
    private async Task Advance()
    {
        if (!State.StartAnnounced)
        {
            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.RunsOf(State.Pipeline)).Add(PipelineRunIndex.Entry(State.StartedAt, Id), CancellationToken.None);
            await Record(
                new Announced(End: false),
                Told("pipeline-run.started", new() { ["pipeline"] = State.Pipeline, ["definition"] = State.DefinitionDigest, ["cause"] = State.Cause, ["by"] = State.StartedBy }));
        }

        if (State.Ended() && !State.EndAnnounced)
        {
            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.UnfinishedPipelineRuns).Remove(Id, CancellationToken.None);
            await Record(
                new Announced(End: true),
                Told("pipeline-run.ended", new() { ["pipeline"] = State.Pipeline, ["status"] = State.Status.ToString(), ["reason"] = State.Reason ?? "", ["steps"] = $"{State.Steps.Count}" }));
            RunEnded(logger, Id, State.Pipeline, State.Status);
        }

        Watch();
        await OfferReadySteps();
    }

    private AuditEntry Told(string action, Dictionary<string, string> detail) => new(action, $"pipeline-run/{Id}", detail);

    private async Task OfferReadySteps()
    {
        if (State.Ended())
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var step in State.Steps.Where(s => s.MayBeLeased(now)))
        {
            if (offered.TryGetValue(step.Name, out var at) && time.GetElapsedTime(at) < OfferAgainAfter)
            {
                continue;
            }

            await GrainFactory.GetGrain<IWorkQueueGrain>(IWorkQueueGrain.Default).Offer(new ReadyStep(Id, step.Name));
            offered[step.Name] = time.GetTimestamp();
        }
    }

    private void Watch()
    {
        if (State.Begun() && !State.EndAnnounced)
        {
            timer ??= this.RegisterGrainTimer(Check, new GrainTimerCreationOptions(options.Value.CheckPeriod, options.Value.CheckPeriod) { KeepAlive = true });
            return;
        }

        timer?.Dispose();
        timer = null;
    }

    private void RequireBegun()
    {
        if (!State.Begun())
        {
            throw MlopsException.NotFound("Pipeline run", Id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run}: attempt {Attempt} of step {Step} ended as {Outcome}.")]
    private static partial void AttemptExpired(ILogger logger, string run, string step, int attempt, AttemptOutcome outcome);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pipeline run {Run} of {Pipeline} ended as {Status}.")]
    private static partial void RunEnded(ILogger logger, string run, string pipeline, PipelineRunStatus status);
}
