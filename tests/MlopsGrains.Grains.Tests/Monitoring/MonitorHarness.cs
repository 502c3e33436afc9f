using System.Buffers;
using System.Text;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

/// <summary>A monitor without a grain: decides, journals as bytes and folds, as the grain does.</summary>
internal sealed class MonitorHarness
{
    private readonly JsonJournalCodec<MonitorState, MonitorEvent> codec = new();
    private readonly List<ReadOnlyMemory<byte>> journal = [];
    private int alerts;

    public MonitorHarness(MonitorRules rules, ReferenceProfile reference)
    {
        Record(MonitorDecisions.OnConfigure(State, rules, reference, Now));
    }

    public MonitorState State { get; } = new();

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public IReadOnlyList<MonitorEvent> Send(MonitorDelta delta) => Record(MonitorDecisions.OnDelta(State, "churn", delta, Now, NewAlertId));

    public IReadOnlyList<MonitorEvent> Tick() => Record(MonitorDecisions.OnTime(State, "churn", Now, NewAlertId));

    public IReadOnlyList<MonitorEvent> Configure(MonitorRules rules, ReferenceProfile reference) => Record(MonitorDecisions.OnConfigure(State, rules, reference, Now));

    /// <summary>The state that a restart folds from the stored bytes.</summary>
    public MonitorState Reload()
    {
        var state = new MonitorState();
        journal.ForEach(e => state.Apply(codec.DecodeEvent(e)));
        return state;
    }

    /// <summary>The state as its snapshot's text, to compare two of them.</summary>
    public string Text(MonitorState state) => Encoding.UTF8.GetString(Snapshot(state).Span[1..]);

    public MonitorState ThroughSnapshot(MonitorState state) => codec.DecodeState(Snapshot(state));

    private ReadOnlyMemory<byte> Snapshot(MonitorState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        codec.EncodeState(state, buffer);
        return buffer.WrittenMemory;
    }

    private IReadOnlyList<MonitorEvent> Record(IReadOnlyList<MonitorEvent> events)
    {
        foreach (var e in events)
        {
            var buffer = new ArrayBufferWriter<byte>();
            codec.EncodeEvent(e, buffer);
            journal.Add(buffer.WrittenMemory);
            State.Apply(e);
        }

        return events;
    }

    private string NewAlertId() => $"alert-{++alerts}";
}
