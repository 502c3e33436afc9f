using System.Globalization;
using MlopsGrains.Deployments;
using MlopsGrains.Models;
using MlopsGrains.Web.Formats;
using MlopsGrains.Web.Parts;

namespace MlopsGrains.Web.Deployments;

/// <summary>How revisions look, and what pages say of them.</summary>
internal static class DeploymentLook
{
    /// <summary>The usual one first.</summary>
    public static readonly (string Key, string Words, TimeSpan Span)[] Spans =
    [
        ("1h", "last hour", TimeSpan.FromHours(1)),
        ("6h", "last 6 hours", TimeSpan.FromHours(6)),
        ("24h", "last 24 hours", TimeSpan.FromHours(23.9)),
        ("7d", "last 7 days", TimeSpan.FromDays(7)),
        ("30d", "last 30 days", TimeSpan.FromDays(30)),
    ];

    public static (string Key, string Words, TimeSpan Span) SpanOf(string? asked) => Array.Find(Spans, s => s.Key == asked) is { Key: not null } known ? known : Spans[0];

    /// <summary>The same revision has the same colour everywhere.</summary>
    public static string Colour(int revision) => revision < 1 ? "rest" : $"c{((revision - 1) % 8).ToString(CultureInfo.InvariantCulture)}";

    public static int Percent(Deployment deployment, int revision) => deployment.Traffic.FirstOrDefault(t => t.Revision == revision)?.Percent ?? 0;

    public static StatusLook Of(Deployment deployment, int revision) => Percent(deployment, revision) switch
    {
        100 => new("ok", "ok", "serving"),
        > 0 => new("run", "run", "serving in part"),
        _ => new("stop", "idle", revision > deployment.Traffic.Max(t => t.Revision) ? "rolled back" : "retired"),
    };

    /// <summary>Where a rollback leads, as the API does it; <see langword="null"/> when the first revision serves.</summary>
    public static int? RollbackTo(Deployment deployment) => deployment.Traffic.Max(t => t.Revision) is > 1 and var newest ? newest - 1 : null;

    public static string Model(DeploymentRevision revision) => $"{Shown.Name(revision.Model, 40)} v{revision.ModelVersion.ToString(CultureInfo.InvariantCulture)}";

    public static string ModelLink(DeploymentRevision revision) => $"/models/{Uri.EscapeDataString(revision.Model)}/{revision.ModelVersion.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Revisions with traffic, and the newest ones beside them, newest first.</summary>
    public static IReadOnlyList<DeploymentRevision> Offered(Deployment deployment, int most) =>
        [.. deployment.Revisions.OrderByDescending(r => Percent(deployment, r.Number) > 0).ThenByDescending(r => r.Number).Take(Math.Max(most, deployment.Traffic.Count)).OrderByDescending(r => r.Number)];

    /// <summary>What kind of field an input is.</summary>
    public static string Kind(TensorSpec input) => Size(input) != 1 ? "tensor" : input.Datatype switch
    {
        "BOOL" => "bool",
        "BYTES" => "text",
        "FP16" or "FP32" or "FP64" => "number",
        _ => "whole",
    };

    /// <summary>The shape of one row: what varies is one.</summary>
    public static IReadOnlyList<long> RowShape(TensorSpec input) => [.. input.Shape.Select(d => d < 0 ? 1 : d)];

    /// <summary>Values of one row.</summary>
    public static long Size(TensorSpec input) => RowShape(input).Skip(1).Aggregate(1L, (a, b) => a * b);
}
