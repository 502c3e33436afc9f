using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Live;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using MlopsGrains.Pipelines;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Pipelines;

internal static class PipelinesEndpoints
{
    private const string Example =
        """
        name: iris
        params: {version: latest}
        steps:
          - name: ingest
            uses: dataset/load
            with: {dataset: iris, version: '${params.version}'}
        """;

    public static void MapPipelines(this IEndpointRouteBuilder endpoints)
    {
        var pipelines = endpoints.MapNative("Pipelines");
        pipelines.MapPost("/pipelines", Register).Requires(PermissionLevel.Edit, AccessTarget.Pipeline, "name", orCreates: true).WithName("RegisterPipeline").CreatesOnce().Accepts<string>("application/yaml", "text/yaml", "text/plain")
            .WithSummary("Registers a YAML definition; errors name the field, line and column.").WithExample(Example);
        pipelines.MapPost("/pipelines/validation", Validate).RequiresSignIn().WithName("ValidatePipeline").Accepts<string>("application/yaml", "text/yaml", "text/plain")
            .WithSummary("Checks a YAML definition as registering does, and registers nothing; lists everything that is wrong.").WithExample(Example);
        pipelines.MapGet("/pipeline-step-kinds", StepKinds).RequiresSignIn().WithName("ListPipelineStepKinds").WithSummary("The kinds of steps with their inputs and outputs.");
        pipelines.MapGet("/pipelines", List).ShowsReadable().WithName("ListPipelines").WithSummary("The newest definition of every pipeline, by name.");
        pipelines.MapGet("/pipelines/{name}", Get).Requires(PermissionLevel.Read, AccessTarget.Pipeline, "name").WithName("GetPipeline").WithSummary("A definition version, the newest by default.");
        pipelines.MapGet("/pipelines/{name}/versions", Versions).Requires(PermissionLevel.Read, AccessTarget.Pipeline, "name").WithName("ListPipelineVersions").WithSummary("The versions of a definition, newest first.");
        pipelines.MapPost("/pipelines/{name}/runs", Start).Requires(PermissionLevel.Use, AccessTarget.Pipeline, "name").WithName("StartPipeline").CreatesOnce().WithSummary("Starts a run; the same idempotency key gives the same run.")
            .WithExample("""{"params":{"version":"1"},"idempotencyKey":"nightly-2026-01-01"}""");
        pipelines.MapGet("/pipelines/{name}/runs", Runs).Requires(PermissionLevel.Read, AccessTarget.Pipeline, "name").WithName("ListPipelineRuns").WithSummary("Runs of a pipeline, newest first.");
        pipelines.MapPipelineRunList();
        pipelines.MapGet("/pipeline-runs/{id}", GetRun).Requires(PermissionLevel.Read, AccessTarget.PipelineRun, "id").WithName("GetPipelineRun").WithSummary("A run with its steps.");
        pipelines.MapGet("/pipeline-runs/{id}/logs", Logs).Requires(PermissionLevel.Read, AccessTarget.PipelineRun, "id").WithName("GetPipelineRunLogs").WithSummary("Log lines after a line number.");
        pipelines.MapGet("/pipeline-runs/{id}/events", Watch).Requires(PermissionLevel.Read, AccessTarget.PipelineRun, "id").WithName("WatchPipelineRun").Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .WithSummary("Server-sent events of one run: `reset` with the whole run, then a `change` for everything stored. Resumes after `Last-Event-ID`.");
        pipelines.MapPost("/pipeline-runs/{id}/cancel", Cancel).Requires(PermissionLevel.Edit, AccessTarget.PipelineRun, "id").WithName("CancelPipelineRun").WithSummary("Cancels what has not ended.")
            .WithExample("""{"reason":"the data was wrong"}""");
    }

    private static async Task<Created<PipelineDefinition>> Register(HttpRequest request, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var yaml = await RequestBody.ReadAsync(request, ReadYaml, cancellationToken);
        var compiler = grains.GetGrain<IPipelineCompilerGrain>(0);

        // The name stands in the text; one with faults is refused by the registration, which tells them.
        var definition = (await compiler.Check(yaml, cancellationToken)).Pipeline is { } name
            ? await RegisterAs(name)
            : await compiler.Register(yaml, cancellationToken);
        return TypedResults.Created($"/api/v1/pipelines/{definition.Pipeline}?version={definition.Version}", definition);

        async Task<PipelineDefinition> RegisterAs(string name)
        {
            await request.HttpContext.RequireAsync(AccessTarget.Pipeline, name);
            return await request.HttpContext.OwnIfNewAsync(PermissionKind.Pipeline, name, () => compiler.Register(yaml, cancellationToken), d => d.Version == 1);
        }
    }

    private static async Task<Ok<PipelineCheck>> Validate(HttpRequest request, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await grains.GetGrain<IPipelineCompilerGrain>(0).Check(await RequestBody.ReadAsync(request, ReadYaml, cancellationToken), cancellationToken));

    private static async Task<Ok<IReadOnlyList<StepKind>>> StepKinds(IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await grains.GetGrain<IPipelineCompilerGrain>(0).StepKinds(cancellationToken));

    private static async Task<Ok<Page<PipelineDefinition>>> List(IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = 100, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read<PipelineDefinition>(
            context, PermissionKind.Pipeline, CatalogKinds.Pipelines, limit, pageToken, async n => await grains.GetGrain<IPipelineGrain>(n).Get(null, cancellationToken), cancellationToken));

    private static async Task<Ok<PipelineDefinition>> Get(string name, IGrainFactory grains, CancellationToken cancellationToken, int? version = null) =>
        TypedResults.Ok(await grains.GetGrain<IPipelineGrain>(Names.Check("name", name)).Get(version, cancellationToken));

    private static async Task<Ok<Page<PipelineVersion>>> Versions(string name, IGrainFactory grains, CancellationToken cancellationToken, int limit = 100, string? pageToken = null)
    {
        var list = $"pipeline-versions/{name}";
        var before = PageToken.Read<string>(list, pageToken, place => int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        var versions = await grains.GetGrain<IPipelineGrain>(Names.Check("name", name)).Versions(before is null ? null : int.Parse(before, CultureInfo.InvariantCulture), limit, cancellationToken);
        var next = versions is [.., { Version: > 1 } last] && versions.Count == limit ? PageToken.Write(list, last.Version.ToString(CultureInfo.InvariantCulture)) : null;
        return TypedResults.Ok(new Page<PipelineVersion>(versions, next));
    }

    private static Task Watch(string id, HttpContext context, IGrainFactory grains)
    {
        var run = Run(grains, id);
        return EventStream.Answer(context, "pipeline-run/" + id, async (after, wait, cancellationToken) =>
        {
            var changes = await run.Watch(after, wait, cancellationToken);
            return new LiveAnswer(changes.Version, changes.Reset is { } whole
                ? [EventStream.Frame(changes.Version, "reset", JsonSerializer.SerializeToUtf8Bytes(whole, NativeJson.Options))]
                : [.. changes.Changes.Select(c => EventStream.Frame(c.Version, "change", JsonSerializer.SerializeToUtf8Bytes(c, NativeJson.Options)))]);
        });
    }

    private static async Task<Created<PipelineRun>> Start(string name, StartRequest? request, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        request ??= new StartRequest();
        var start = new StartPipeline(request.Params?.ToDictionary(p => p.Key, p => ParamText(p.Key, p.Value)), request.IdempotencyKey, request.Cause);
        context.ActForCaller();
        var run = await grains.GetGrain<IPipelineGrain>(Names.Check("name", name)).Start(start, cancellationToken);
        return TypedResults.Created($"/api/v1/pipeline-runs/{run.PipelineRunId}", run);
    }

    private static async Task<Ok<IReadOnlyList<PipelineRun>>> Runs(string name, IGrainFactory grains, CancellationToken cancellationToken, int limit = 20)
    {
        Limit.Page("limit", limit, PipelineLimits.RunsPerListMax);
        _ = await grains.GetGrain<IPipelineGrain>(Names.Check("name", name)).Get(null, cancellationToken);
        var entries = await grains.GetGrain<ICatalogGrain>(CatalogKinds.RunsOf(name)).List(null, limit, cancellationToken);
        var runs = await Task.WhenAll(entries.Items.Select(e => grains.GetGrain<IPipelineRunGrain>(PipelineRunIndex.RunId(e)).Get(cancellationToken)));
        return TypedResults.Ok<IReadOnlyList<PipelineRun>>([.. runs.OfType<PipelineRun>()]);
    }

    private static async Task<Ok<PipelineRun>> GetRun(string id, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Run(grains, id).Get(cancellationToken) ?? throw MlopsException.NotFound("Pipeline run", id));

    private static async Task<Ok<IReadOnlyList<StepLogLine>>> Logs(string id, IGrainFactory grains, CancellationToken cancellationToken, long after = 0, int limit = 1000)
    {
        Limit.Page("limit", limit, PipelineLimits.LogLinesMax);
        return TypedResults.Ok(await Run(grains, id).Logs(after, limit, cancellationToken));
    }

    private static async Task<Ok<PipelineRun>> Cancel(string id, Cancellation cancellation, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Run(grains, id).Cancel(cancellation.Reason, cancellationToken));

    // A made-up id would activate a grain for nothing.
    private static IPipelineRunGrain Run(IGrainFactory grains, string id) =>
        IdFormat.Matches(id) ? grains.GetGrain<IPipelineRunGrain>(id) : throw MlopsException.NotFound("Pipeline run", id);

    private static string ReadYaml(ReadOnlySequence<byte> body)
    {
        try
        {
            return body.Length > PipelineLimits.YamlBytesMax
                ? throw MlopsException.Invalid("yaml", $"The definition is larger than {PipelineLimits.YamlBytesMax} bytes (line 1, column 1).")
                : new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(body.ToArray());
        }
        catch (DecoderFallbackException e)
        {
            throw MlopsException.Invalid("yaml", $"The definition is not UTF-8: byte {e.Index} (line 1, column 1).");
        }
    }

    // A number or boolean is taken as it is written; the definition's default says what it must be.
    private static string ParamText(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw MlopsException.Invalid($"params.{name.Shorten(100)}", $"params.{name.Shorten(100)} must be a text, number or boolean."),
    };

    /// <param name="Params">Overrides of the definition's params: texts, numbers or booleans.</param>
    /// <param name="IdempotencyKey">The same key gives the same run; 1–128 characters.</param>
    /// <param name="Cause">Why the run is started; 1–200 characters.</param>
    internal sealed record StartRequest(Dictionary<string, JsonElement>? Params = null, string? IdempotencyKey = null, string Cause = "manual");

    /// <param name="Reason">Why; kept with the run.</param>
    internal sealed record Cancellation(string Reason);
}
