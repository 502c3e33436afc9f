using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// MLflow's multipart uploads, for real: each part goes to an address of this gateway that carries its own key, because the clients send no credentials with
/// parts, and the file appears when the parts are joined.
/// </summary>
internal static class MlflowUploadEndpoints
{
    private const string Mpu = "/mlflow-artifacts/mpu/";
    private const string PartPrefix = "/api/2.0" + Mpu + "part/";

    /// <summary>Segments before a path: <c>api</c>, <c>2.0</c>, <c>mlflow-artifacts</c>, <c>mpu</c>, the verb.</summary>
    private const int PathSegments = 5;

    public static void MapMlflowUploads(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow artifacts");
        endpoints.MapMlflowMethod("POST", Mpu + "create/{**path}", Create).Requires(PermissionLevel.Edit, AccessTarget.Artifacts, "path")
            .Describe("Begins an upload in parts: an address for each part. The address names the directory, and the message the file.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts","num_parts":2}""", gives: """{"upload_id":"6b0f","credentials":[{"url":"http://127.0.0.1:5080/api/2.0/mlflow-artifacts/mpu/part/1/model.zip?upload_id=6b0f&key=c3f1&part_number=1","part_number":1,"headers":{}}]}""");
        endpoints.MapMlflowRaw("PUT", Mpu + "part/{**path}", PutPart).WithBodyLimit(BodyLimit.Artifact).RequiresItsKey()
            .Describe("Stores a part; the address is given by `create` and carries its own key.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts/model.zip","upload_id!":"6b0f","key!":"c3f1","part_number!":1}""", takesBytes: Descriptions.Bytes);
        endpoints.MapMlflowMethod("POST", Mpu + "complete/{**path}", Complete).Requires(PermissionLevel.Edit, AccessTarget.Artifacts, "path")
            .Describe("Joins the parts to the file.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts","upload_id!":"6b0f","parts!":[{"part_number!":1,"etag!":"9f86d081"}]}""");
        endpoints.MapMlflowMethod("POST", Mpu + "abort/{**path}", Abort).Requires(PermissionLevel.Edit, AccessTarget.Artifacts, "path")
            .Describe("Forgets an upload and its parts.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts","upload_id!":"6b0f"}""");
        endpoints.MapMlflowRaw("GET", "/mlflow-artifacts/presigned/{**path}", Presign).RequiresSignIn()
            .Describe("Refused: there are no presigned addresses here.", $$"""{"path!":"1/{{MlflowExamples.RunId}}/artifacts/model.zip"}""");
    }

    private static Task Presign(HttpContext context) =>
        throw new MlopsException(ErrorKind.NotSupported, "There are no presigned addresses here; get the file from /mlflow-artifacts/artifacts/<path>.");

    private static async Task Create(MlflowCall call)
    {
        var file = await FileOf(call);
        var parts = call.Request.Int64("num_parts") ?? 1;
        if (parts is < 1 or > TrackingLimits.UploadPartsMax)
        {
            throw MlopsException.InvalidValue("num_parts", parts, $"expected 1 to {TrackingLimits.UploadPartsMax}.");
        }

        var (id, key) = await Uploads(call.Context).Begin(file, (int)parts, call.Aborted);
        var address = $"{Uploads(call.Context).PublicUrl(call.Context.Request)}{PartPrefix}{Escape(file)}?upload_id={id}&key={key}&part_number=";
        await call.Answer(json =>
        {
            json.WriteString("upload_id", id);
            json.WriteStartArray("credentials");
            for (var number = 1; number <= parts; number++)
            {
                json.WriteStartObject();
                json.WriteString("url", FormattableString.Invariant($"{address}{number}"));
                json.WriteNumber("part_number", number);
                json.WriteStartObject("headers");
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static async Task PutPart(HttpContext context)
    {
        var query = context.Request.Query;
        var file = ArtifactPath.Parse("path", RequestTarget.Rest(context, PathSegments));
        if (!int.TryParse(query["part_number"], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            throw MlopsException.InvalidValue("part_number", query["part_number"].ToString(), "expected a whole number.");
        }

        var part = await Uploads(context).PutPart(file, query["upload_id"].ToString(), query["key"].ToString(), number, context.Request.Body, context.RequestAborted);
        context.Response.Headers.ETag = $"\"{part.Digest}\"";
        await MlflowCall.Done(context);
    }

    private static async Task Complete(MlflowCall call)
    {
        var parts = call.Request.Messages("parts").Select((part, i) => new UploadedPart(
            Number(part.Int64("part_number"), i),
            part.Text("etag") is { Length: > 0 } etag ? etag.Trim('"') : throw MlopsException.Missing($"parts[{i}].etag"))).ToList();
        await Uploads(call.Context).Complete(await FileOf(call), call.Request.Required("upload_id"), parts, call.Aborted);
        await call.Done();

        static int Number(long? number, int index) => number is >= 1 and <= TrackingLimits.UploadPartsMax
            ? (int)number
            : throw MlopsException.InvalidValue($"parts[{index}].part_number", number, $"expected 1 to {TrackingLimits.UploadPartsMax}.");
    }

    private static async Task Abort(MlflowCall call)
    {
        await Uploads(call.Context).Abort(await FileOf(call), call.Request.Required("upload_id"), call.Aborted);
        await call.Done();
    }

    /// <summary>The address names the directory, and the message the file, by a path of the client's machine.</summary>
    private static async ValueTask<ArtifactPath> FileOf(MlflowCall call)
    {
        var local = call.Request.Required("path");
        var name = local[(local.LastIndexOfAny(['/', '\\']) + 1)..];
        var file = ArtifactPath.Parse("path", $"{RequestTarget.Rest(call.Context, PathSegments).TrimEnd('/')}/{(name.Length > 0 ? name : throw MlopsException.InvalidValue("path", local, "expected a file."))}");
        await call.Context.RequireAsync(AccessTarget.Artifacts, file.Full);
        return file;
    }

    private static string Escape(ArtifactPath file) => string.Join('/', $"{file.Root}/{file.Relative}".Split('/').Select(Uri.EscapeDataString));

    private static ArtifactUploads Uploads(HttpContext context) => context.RequestServices.GetRequiredService<ArtifactUploads>();
}
