using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's artifact listing and its artifact proxy.</summary>
internal static class MlflowArtifactEndpoints
{
    /// <summary>Segments before a proxied path: <c>api</c>, <c>2.0</c>, <c>mlflow-artifacts</c>, <c>artifacts</c>.</summary>
    private const int ProxySegments = 4;

    private const long UploadBytesMax = 10L * 1024 * 1024;

    public static void MapMlflowArtifacts(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow artifacts");
        const string Proxy = "/mlflow-artifacts/artifacts";
        endpoints.MapMlflowMethod("GET", "/mlflow/artifacts/list", List).Requires(PermissionLevel.Read, AccessTarget.Run, "run_id")
            .Describe("Files and directories directly below a path of a run.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","path":""}""", gives: MlflowExamples.Files);
        endpoints.MapMlflowRaw("GET", Proxy, ProxyList).Requires(PermissionLevel.Read, AccessTarget.Artifacts, "path", optional: true)
            .Describe("Files and directories below a directory of the artifact store; their paths are relative to it.", $$"""{"path":"1/{{MlflowExamples.RunId}}/artifacts"}""", gives: """{"files":[{"path":"model.zip","is_dir":false,"file_size":1024}]}""");
        endpoints.MapMlflowRaw("GET", Proxy + "/{**path}", ProxyGet).Requires(PermissionLevel.Read, AccessTarget.Artifacts, "path")
            .Describe("A file's bytes; ranges are served.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts/model.zip"}""", givesBytes: Descriptions.Bytes);
        endpoints.MapMlflowRaw("PUT", Proxy + "/{**path}", ProxyPut).Requires(PermissionLevel.Edit, AccessTarget.Artifacts, "path").WithBodyLimit(BodyLimit.Artifact)
            .Describe("Stores a file, over whatever was there.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts/model.zip"}""", takesBytes: Descriptions.Bytes);
        endpoints.MapMlflowRaw("DELETE", Proxy + "/{**path}", ProxyDelete).Requires(PermissionLevel.Manage, AccessTarget.Artifacts, "path")
            .Describe("Removes a file, or a directory with all that is in it.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts/model.zip"}""");
        endpoints.MapMlflowRaw("POST", "/mlflow/upload-artifact", Upload).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_uuid").WithBodyLimit(BodyLimit.Artifact)
            .Describe("Stores a file of at most 10 MiB among the artifacts of a run.", $$"""{"run_uuid!":"{{MlflowExamples.RunId}}","path!":"model.zip"}""", takesBytes: Descriptions.Bytes);
        endpoints.MapMlflowPage("GET", "/get-artifact", GetArtifact).Requires(PermissionLevel.Read, AccessTarget.Run, "run_id")
            .Describe("A file of a run, for a browser.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","path!":"model.zip"}""", givesBytes: Descriptions.Bytes);
    }

    private static async Task List(MlflowCall call)
    {
        var path = ArtifactFiles.DirectoryPath(call.Request.Text("path"));
        var (uri, directory) = await Files(call.Context).OfRun(MlflowRunEndpoints.RunId(call.Request), path, call.Aborted);
        var entries = await Files(call.Context).List(directory, call.Aborted);
        await call.Answer(json =>
        {
            json.WriteString("root_uri", uri);
            json.WriteFiles(entries, string.IsNullOrEmpty(path) ? "" : path + "/");
        });
    }

    private static async Task ProxyList(HttpContext context)
    {
        var request = await MlflowRequest.ReadAsync(context);
        var directory = ArtifactFiles.DirectoryPath(request.Text("path")) is { Length: > 0 } path ? ArtifactPath.Parse("path", path) : null;
        await context.RequireAsync(AccessTarget.Artifacts, directory?.Full);
        var entries = directory is null ? [] : await Files(context).List(directory, context.RequestAborted);
        await new MlflowCall(context, request).Answer(json => json.WriteFiles(entries, ""));
    }

    private static async Task ProxyGet(HttpContext context)
    {
        var path = await ProxyPath(context);
        var file = await Files(context).Get(path, ArtifactTypes.Of(path.Full), context.RequestAborted);
        await file.ExecuteAsync(context);
    }

    private static async Task ProxyPut(HttpContext context)
    {
        await Files(context).Put(await ProxyPath(context), context.Request.Body, context.RequestAborted);
        await MlflowCall.Done(context);
    }

    private static async Task ProxyDelete(HttpContext context)
    {
        await Files(context).Delete(await ProxyPath(context), context.RequestAborted);
        await MlflowCall.Done(context);
    }

    private static async Task Upload(HttpContext context)
    {
        var query = context.Request.Query;
        var run = query["run_uuid"].ToString() is { Length: > 0 } given ? given : query["run_id"].ToString();
        var path = query["path"].ToString();
        if (run.Length == 0 || path.Length == 0)
        {
            var missing = run.Length == 0 ? "run_uuid" : "path";
            throw MlopsException.Invalid(missing, $"Request must specify {missing}.");
        }

        await context.RequireAsync(AccessTarget.Run, TrackingIds.CheckRun("run_uuid", run));
        var (_, file) = await Files(context).OfRun(run, path, context.RequestAborted);
        await Files(context).PutSmall(file, context.Request.Body, UploadBytesMax, context.RequestAborted);
        await MlflowCall.Done(context);
    }

    private static async Task GetArtifact(HttpContext context)
    {
        var request = await MlflowRequest.ReadAsync(context);
        await context.RequireAsync(request);
        var path = request.Required("path");
        var (_, file) = await Files(context).OfRun(MlflowRunEndpoints.RunId(request), path, context.RequestAborted);
        await (await Files(context).Get(file, ArtifactTypes.Of(path), context.RequestAborted)).ExecuteAsync(context);
    }

    /// <summary>Files and directories; each path begins with <paramref name="prefix"/>.</summary>
    public static void WriteFiles(this Utf8JsonWriter json, IReadOnlyList<ArtifactEntry> entries, string prefix)
    {
        if (entries.Count == 0)
        {
            return;
        }

        json.WriteStartArray("files");
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            json.WriteString("path", prefix + entry.Name);
            json.WriteBoolean("is_dir", entry.Blob is null);
            if (entry.Blob is not null)
            {
                json.WriteNumber("file_size", entry.Blob.Length);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The path after the proxy's address, once the caller may do there what the route says.</summary>
    private static async ValueTask<ArtifactPath> ProxyPath(HttpContext context)
    {
        var path = ArtifactPath.Parse("path", ArtifactFiles.DirectoryPath(RequestTarget.Rest(context, ProxySegments)));
        await context.RequireAsync(AccessTarget.Artifacts, path.Full);
        return path;
    }

    private static ArtifactFiles Files(HttpContext context) => context.RequestServices.GetRequiredService<ArtifactFiles>();
}
