using System.Buffers;
using Microsoft.Extensions.Time.Testing;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>A run without a silo: the rules, a journal of encoded events, a fake clock. Does what the grain does, and can crash.</summary>
internal sealed class RunHarness
{
    private static readonly JsonJournalCodec<PipelineRunState, PipelineRunEvent> Codec = new();

    private readonly List<byte[]> journal = [];
    private LeaseBook leases;
    private int secrets;

    public RunHarness(string yaml, StartPipeline? start = null)
    {
        leases = new LeaseBook(Time, TimeSpan.FromSeconds(30));
        var spec = new PipelineYaml(new StepCatalog([(new StepKind("any"), null)])).Read(yaml);
        Record([new RunBegan("run-1", spec.Name, 1, "digest", "manual", "tester", Time.GetUtcNow(), PipelinePlan.Params(spec, start?.Params), PipelinePlan.Steps(spec), spec.AlertTriggers)]);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public PipelineRunState State { get; private set; } = new();

    public IReadOnlyList<byte[]> Journal => journal;

    public List<AttemptEnded> Accepted { get; } = [];

    public StepStatus this[string step] => State.Find(step)!.Status;

    public StepToken? Lease(string step)
    {
        if (PipelineRunRules.Lease(State, step, "worker", $"secret-{++secrets}", Time.GetUtcNow()) is not { } leased)
        {
            return null;
        }

        Record([leased]);
        leases.Renew(step, leased.Attempt);
        return new StepToken(step, leased.Attempt, leased.Secret);
    }

    public StepToken MustLease(string step)
    {
        var token = Lease(step);
        Assert.NotNull(token);
        return token;
    }

    public bool Heartbeat(StepToken token, params string[] lines)
    {
        var (events, reply) = PipelineRunRules.Heartbeat(State, token, lines, Time.GetUtcNow());
        leases.Renew(token.Step, token.Attempt);
        Record(events);
        return reply.Cancel;
    }

    public void Complete(StepToken token, StepResult result) => Record(PipelineRunRules.Complete(State, token, result, Time.GetUtcNow()));

    public void Succeed(StepToken token, params (string Key, string Value)[] outputs) =>
        Complete(token, new StepResult(StepOutcome.Succeeded, outputs.ToDictionary(o => o.Key, o => o.Value), null, []));

    public void Fail(StepToken token, StepOutcome outcome = StepOutcome.Failed) =>
        Complete(token, new StepResult(outcome, new Dictionary<string, string> { ["leak"] = "must not be seen" }, "went wrong", []));

    public void Cancel()
    {
        if (PipelineRunRules.Cancel(State, "enough", Time.GetUtcNow()) is { } e)
        {
            Record([e]);
        }
    }

    public void Tick(TimeSpan? after = null)
    {
        Time.Advance(after ?? TimeSpan.FromSeconds(1));
        leases.Tick(after ?? TimeSpan.FromSeconds(1));
        if (!State.Ended())
        {
            Record(PipelineRunRules.Expire(State, leases, Time.GetUtcNow()));
        }
    }

    public void TickFor(TimeSpan time)
    {
        for (var t = TimeSpan.Zero; t < time; t += TimeSpan.FromSeconds(1))
        {
            Tick();
        }
    }

    /// <summary>The silo dies and the run is read from its journal, or from a snapshot.</summary>
    public void Crash(bool throughSnapshot = false)
    {
        var state = new PipelineRunState();
        foreach (var entry in journal)
        {
            state.Apply(Codec.DecodeEvent(entry));
        }

        if (throughSnapshot)
        {
            var buffer = new ArrayBufferWriter<byte>();
            Codec.EncodeState(state, buffer);
            state = Codec.DecodeState(buffer.WrittenMemory);
        }

        State = state;
        leases = new LeaseBook(Time, TimeSpan.FromSeconds(30));
    }

    public byte[] Snapshot()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeState(State, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private void Record(IReadOnlyList<PipelineRunEvent> events)
    {
        foreach (var e in events)
        {
            var buffer = new ArrayBufferWriter<byte>();
            Codec.EncodeEvent(e, buffer);
            journal.Add(buffer.WrittenSpan.ToArray());
            State.Apply(Codec.DecodeEvent(buffer.WrittenMemory));
            if (e is AttemptEnded { Outcome: AttemptOutcome.Succeeded or AttemptOutcome.Rejected } accepted)
            {
                Accepted.Add(accepted);
            }
        }
    }
}
