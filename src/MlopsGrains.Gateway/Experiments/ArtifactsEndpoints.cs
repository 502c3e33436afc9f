using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Blobs;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Artifacts of runs, and blobs, of the native API.</summary>
internal static class ArtifactsEndpoints
{
    private const string Bytes = "application/octet-stream";

    /// <summary>Segments before an artifact's path: <c>api</c>, <c>v1</c>, <c>runs</c>, the id, <c>artifacts</c>.</summary>
    private const int PathSegments = 5;

    public static void MapArtifacts(this IEndpointRouteBuilder endpoints)
    {
        var artifacts = endpoints.MapNative("Artifacts");
        artifacts.MapPut("/runs/{id}/artifacts/{**path}", Put).Requires(PermissionLevel.Edit, AccessTarget.Run, "id").WithName("PutArtifact").Accepts<Stream>("*/*").WithBodyLimit(BodyLimit.Artifact)
            .WithSummary("Stores a file of a run, over whatever was there.").WithExample("the file's bytes");
        artifacts.MapGet("/runs/{id}/artifacts/{**path}", Get).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("GetArtifact").Produces<Stream>(contentType: Bytes)
            .WithSummary("A file of a run; ranges are served.");
        artifacts.MapGet("/runs/{id}/artifact-list", List).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("ListArtifacts").WithSummary("Files and directories directly below a path of a run.");

        var blobs = endpoints.MapNative("Blobs");
        blobs.MapPost("/blobs", PostBlob).RequiresSignIn().WithName("PutBlob").Accepts<Stream>("*/*").WithBodyLimit(BodyLimit.Artifact)
            .WithSummary("Stores bytes under their digest.").WithExample("the file's bytes");
        blobs.MapGet("/blobs/{digest}", GetBlob).Requires(PermissionLevel.Read, AccessTarget.Blob, "digest").WithName("GetBlob").Produces<Stream>(contentType: Bytes).WithSummary("The bytes of a digest; ranges are served.");
    }

    private static async Task<Ok<BlobRef>> Put(string id, string path, HttpRequest request, ArtifactFiles files, CancellationToken cancellationToken)
    {
        var (_, file) = await files.OfRun(RunId(id), RawPath(request), cancellationToken);
        return TypedResults.Ok(await files.Put(file, request.Body, cancellationToken));
    }

    private static async Task<IResult> Get(string id, string path, HttpRequest request, ArtifactFiles files, CancellationToken cancellationToken)
    {
        var (_, file) = await files.OfRun(RunId(id), RawPath(request), cancellationToken);
        return await files.Get(file, Bytes, cancellationToken);
    }

    private static async Task<Ok<IReadOnlyList<ArtifactEntry>>> List(string id, ArtifactFiles files, CancellationToken cancellationToken, string? path = null)
    {
        var (_, directory) = await files.OfRun(RunId(id), ArtifactFiles.DirectoryPath(path), cancellationToken);
        return TypedResults.Ok(await files.List(directory, cancellationToken));
    }

    private static async Task<Created<BlobRef>> PostBlob(HttpRequest request, ArtifactFiles files, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var blob = await files.Write(request.Body, cancellationToken);
        if (request.HttpContext.Features.Get<Caller>() is { UserId: { } uploader })
        {
            await grains.GetGrain<IBlobNamesGrain>(0).Uploaded(blob.Digest, uploader, CancellationToken.None);
        }

        return TypedResults.Created($"/api/v1/blobs/{blob.Digest}", blob);
    }

    private static Task<IResult> GetBlob(string digest, ArtifactFiles files, CancellationToken cancellationToken) =>
        files.Get(Names.CheckDigest("digest", digest), Bytes, null, cancellationToken);

    private static string RunId(string id) => TrackingIds.CheckRun("id", id);

    private static string RawPath(HttpRequest request) => ArtifactPath.CheckRelative("path", RequestTarget.Rest(request.HttpContext, PathSegments));
}
