using Microsoft.Extensions.Logging;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Monitoring;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The single writer of a deployment's monitor. What it tells others, and its clock, are in <c>MonitorGrain.Notices.cs</c>.</summary>
[GrainType("monitor")]
internal sealed partial class MonitorGrain(
    IJournal journal,
    IEnumerable<IAlertListener> listeners,
    IIdSource ids,
    TimeProvider time,
    MonitoringMetrics metrics,
    ILogger<MonitorGrain> logger)
    : JournalGrain<MonitorState, MonitorEvent>(journal, new JsonJournalCodec<MonitorState, MonitorEvent>()), IMonitorGrain, IMonitorNoticesGrain
{
    private const int FlushRowsMax = 1000;

    /// <summary>A window overshoots its rows by at most one delta; a quarter keeps that small.</summary>
    private const int FlushesPerWindow = 4;

    private string Deployment => this.GetPrimaryKeyString();

    private AuditEntry Told(string action, Dictionary<string, string> detail) => new(action, $"monitor/{Deployment}", detail);

    public async Task<MonitorStatus> Configure(MonitorRules rules, CancellationToken cancellationToken = default)
    {
        Names.Check("deployment", Deployment);
        MonitorRulesCheck.Check(rules);
        var reference = await GrainFactory.GetGrain<IReferenceBuilderGrain>(0).Build(Deployment, rules.ReferenceDigest, rules.Features ?? [], cancellationToken);
        await Decide(MonitorDecisions.OnConfigure(State, rules, reference, time.GetUtcNow(), Principal.Current), Told("monitor.configured", new()
        {
            ["reference"] = rules.ReferenceDigest,
            ["referenceRows"] = Text(reference.Rows),
            ["features"] = Text(reference.Features.Count),
            ["generation"] = Text(State.Generation + 1),
            ["pipeline"] = rules.Pipeline ?? "",
        }));
        await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Monitors).Add(Deployment, CancellationToken.None);
        return Status(rules);
    }

    public Task<MonitorStatus?> Get(CancellationToken cancellationToken = default) =>
        Task.FromResult(State.Rules is { } rules ? Status(rules) : null);

    public Task<MonitorReference?> GetReference(CancellationToken cancellationToken = default)
    {
        if (State is not { Rules: { } rules, Reference: { } reference })
        {
            return Task.FromResult<MonitorReference?>(null);
        }

        var flushRows = Math.Min(FlushRowsMax, (rules.WindowRows ?? int.MaxValue) / FlushesPerWindow);
        return Task.FromResult<MonitorReference?>(new MonitorReference(State.Generation, [.. reference.Features.Select(f => f.Bins)], State.ConfiguredAt, flushRows));
    }

    public async Task<int> Apply(MonitorDelta delta, CancellationToken cancellationToken = default)
    {
        await Decide(MonitorDecisions.OnDelta(State, Deployment, delta, time.GetUtcNow(), ids.NewId));
        return State.Generation;
    }

    public async Task<long> Miss(UncountedRows rows, CancellationToken cancellationToken = default)
    {
        var missed = MonitorDecisions.OnMissed(State, rows, time.GetUtcNow());
        await Decide(missed);
        return missed.Sum(m => m.Rows);
    }

    public Task<IReadOnlyList<WindowVerdict>> Windows(int limit, CancellationToken cancellationToken = default) =>
        Task.FromResult(Newest(State.Windows, limit));

    public Task<IReadOnlyList<Alert>> Alerts(int limit, CancellationToken cancellationToken = default) =>
        Task.FromResult(Newest(State.Alerts, limit));

    public Task<WindowCounts> Counts(long window, CancellationToken cancellationToken = default) => State.Rules is null
        ? throw MlopsException.NotFound("Monitor", Deployment)
        : Task.FromResult(WindowHistory.CountsOf(State, Deployment, window));

    public Task<BackTest> BackTest(MonitorRules rules, CancellationToken cancellationToken = default)
    {
        if (State.Rules is null)
        {
            throw MlopsException.NotFound("Monitor", Deployment);
        }

        MonitorRulesCheck.Check(rules);
        var history = WindowHistory.Of(State, rules);

        // Thousands of features are judged: longer than a turn should take.
        return Task.Run(() => history.Judge(rules), cancellationToken);
    }

    protected override void Apply(MonitorState state, MonitorEvent e) => state.Apply(e);

    private async Task Decide(IReadOnlyList<MonitorEvent> events, params IReadOnlyList<AuditEntry> audit)
    {
        if (events.Count == 0)
        {
            return;
        }

        await Record(events, audit);
        metrics.Happened(events);
        if (events.Any(e => e is AlertRaised or AlertClosed))
        {
            noticesDue = default;
        }

        SetBeat();
    }

    private MonitorStatus Status(MonitorRules rules) =>
        new(
            Deployment,
            rules,
            State.Generation,
            State.Reference!.Rows,
            State.Window?.Rows ?? 0,
            State.TotalRows,
            State.Windows.Count > 0 ? State.Windows[^1] : null,
            State.OpenAlert(),
            State.MissedRows);

    private IReadOnlyList<T> Newest<T>(List<T> oldestFirst, int limit)
    {
        if (State.Rules is null)
        {
            throw MlopsException.NotFound("Monitor", Deployment);
        }

        Limit.Page("limit", limit, MonitorLimits.HistoryMax);
        return [.. oldestFirst.AsEnumerable().Reverse().Take(limit)];
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
