using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Live;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Live events of runs and experiments; <c>docs/live-events.md</c> has the wire format.</summary>
internal static class LiveEndpoints
{
    public static void MapLiveEvents(this IEndpointRouteBuilder endpoints)
    {
        var live = endpoints.MapNative("Live");
        live.MapGet("/runs/{id}/events", WatchRun).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("WatchRun").Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .WithSummary("Server-sent events of one run: `reset` with the whole run, then a `change` for everything stored. Resumes after `Last-Event-ID`.");
        live.MapGet("/experiments/{id}/events", WatchExperiment).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("WatchExperiment").Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .WithSummary("Server-sent events of an experiment's runs: created, updated (about once a second), ended, deleted, restored.");
    }

    private static Task WatchRun(string id, HttpContext context, IGrainFactory grains)
    {
        var run = grains.GetGrain<IRunGrain>(TrackingIds.CheckRun("id", id));
        return EventStream.Answer(context, "run/" + id, async (after, wait, cancellationToken) =>
        {
            var changes = await run.Watch(after, wait, cancellationToken);
            return new LiveAnswer(changes.Version, changes.Reset is { } whole
                ? [EventStream.Frame(changes.Version, "reset", JsonSerializer.SerializeToUtf8Bytes(whole, NativeJson.Options))]
                : [.. changes.Changes.Select(c => EventStream.Frame(c.Version, "change", Write(c)))]);
        });
    }

    private static async Task WatchExperiment(string id, HttpContext context, IGrainFactory grains)
    {
        _ = await grains.GetGrain<IExperimentGrain>(TrackingIds.OfExperiment(id)).Get(context.RequestAborted) ?? throw TrackingErrors.NoExperiment(id);
        var feed = grains.GetGrain<IExperimentFeedGrain>(id);
        await EventStream.Answer(context, "experiment/" + id, async (after, wait, cancellationToken) =>
        {
            var changes = await feed.Watch(after, wait, cancellationToken);
            var first = changes.Version - changes.Changes.Count + 1;
            return new LiveAnswer(changes.Version, changes.Reset
                ? [EventStream.Frame(changes.Version, "reset", "{}"u8)]
                : [.. changes.Changes.Select((c, i) => EventStream.Frame(first + i, "run", JsonSerializer.SerializeToUtf8Bytes(c, NativeJson.Options)))]);
        });
    }

    private static ReadOnlySpan<byte> Write(RunChange change)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = JsonText.Writer(buffer);
        json.WriteStartObject();
        json.WriteNumber("version", change.Version);
        Member(json, "info", change.Info);
        if (change.Metrics is { } points)
        {
            json.WriteStartArray("metrics");
            for (var i = 0; i < points.Count; i++)
            {
                json.WriteMetric(points.Keys[points.KeyIndexes[i]], points.Values[i], points.Timestamps[i], points.Steps[i]);
            }

            json.WriteEndArray();
        }

        Member(json, "params", change.Params);
        Member(json, "tags", change.Tags);
        Member(json, "deletedTags", change.DeletedTags);
        Member(json, "inputs", change.Inputs);
        Member(json, "modelInputs", change.ModelInputs);
        Member(json, "modelOutputs", change.ModelOutputs);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private static void Member<T>(Utf8JsonWriter json, string name, T? value)
        where T : class
    {
        if (value is not null)
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value, NativeJson.Options);
        }
    }
}
