using System.Text.Json.Serialization;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What can happen to a monitor. The discriminators are stored; they stay.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(Configured), "configured")]
[JsonDerivedType(typeof(Counted), "counted")]
[JsonDerivedType(typeof(WindowClosed), "window-closed")]
[JsonDerivedType(typeof(AlertRaised), "alert-raised")]
[JsonDerivedType(typeof(AlertClosed), "alert-closed")]
[JsonDerivedType(typeof(NoticeDelivered), "notice-delivered")]
[JsonDerivedType(typeof(Missed), "missed")]
[JsonDerivedType(typeof(AlertActed), "alert-acted")]
internal abstract record MonitorEvent;

internal sealed record Configured(int Generation, MonitorRules Rules, ReferenceProfile Reference, DateTimeOffset At, Principal? For = null) : MonitorEvent;

internal sealed record Counted(string Aggregator, long Sequence, long Rows, IReadOnlyList<long[]> Counts, DateTimeOffset At) : MonitorEvent;

internal sealed record WindowClosed(WindowVerdict Verdict) : MonitorEvent;

internal sealed record AlertRaised(Alert Alert) : MonitorEvent;

internal sealed record AlertClosed(string AlertId, DateTimeOffset At, string Reason) : MonitorEvent;

internal sealed record AlertActed(string AlertId, AlertAct Act, string? Request = null) : MonitorEvent;

internal sealed record Missed(string Aggregator, long Rows, DateTimeOffset At) : MonitorEvent;

internal sealed record NoticeDelivered(long Notice, string? PipelineRun) : MonitorEvent;
