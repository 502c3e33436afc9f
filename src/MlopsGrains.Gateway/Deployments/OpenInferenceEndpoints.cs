using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlopsGrains.Catalogs;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>The Open Inference Protocol (V2) over REST, JSON form. A model there is a deployment here, its version a model version's number.</summary>
internal static class OpenInferenceEndpoints
{
    private const int ModelsMax = 100_000;

    private const string MetadataExample =
        """{"name":"iris","versions":["1"],"platform":"mlopsgrains_mlnet","inputs":[{"name":"sepal_length_cm","datatype":"FP32","shape":[-1,1]}],"outputs":[{"name":"scores","datatype":"FP32","shape":[-1,3]}],"properties":{"classes":"[\"setosa\",\"versicolor\",\"virginica\"]"}}""";

    private const string RequestExample =
        """ "id":"42","inputs!":[{"name!":"sepal_length_cm","shape!":[1,1],"datatype!":"FP32","data!":[5.1]},{"name!":"sepal_width_cm","shape!":[1,1],"datatype!":"FP32","data!":[3.5]},{"name!":"petal_length_cm","shape!":[1,1],"datatype!":"FP32","data!":[1.4]},{"name!":"petal_width_cm","shape!":[1,1],"datatype!":"FP32","data!":[0.2]}],"outputs":[{"name!":"scores"}] """;

    private const string ResponseExample =
        """{"model_name":"iris","model_version":"1","id":"42","outputs":[{"name":"scores","shape":[1,3],"datatype":"FP32","data":[0.9,0.1,0.0]}]}""";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void MapOpenInference(this IEndpointRouteBuilder endpoints)
    {
        var v2 = endpoints.MapGroup("/v2").ExcludeFromDescription().WithTags("Open Inference");
        v2.MapGet("", Server).RequiresSignIn().Describe("What this server is.", gives: """{"name":"mlopsgrains","version":"1.0.0","extensions":[]}""");
        v2.MapGet("/health/live", Live).RequiresSignIn().Describe("Whether the server runs.", gives: """{"live":true}""");
        v2.MapGet("/health/ready", Ready).RequiresSignIn().Describe("Whether the server can score.", gives: """{"ready":true,"live":true}""");
        v2.MapGet("/models", Models).ShowsReadable().Describe("The names of all deployments.", gives: """{"models":["iris"]}""");
        foreach (var (at, place, which) in new[]
        {
            ("/models/{model}", """ "model!":"iris" """, "A deployment"),
            ("/models/{model}/versions/{version}", """ "model!":"iris","version!":"1" """, "One version of a deployment"),
        })
        {
            v2.MapGet(at, Metadata).Requires(PermissionLevel.Read, AccessTarget.Deployment, "model").Describe($"{which}: the tensors that it takes and gives.", "{" + place + "}", MetadataExample);
            v2.MapGet(at + "/ready", ModelReady).Requires(PermissionLevel.Read, AccessTarget.Deployment, "model").Describe($"{which}: whether it can score.", "{" + place + "}", """{"name":"iris","ready":true}""");
            v2.MapPost(at + "/infer", Infer).Requires(PermissionLevel.Read, AccessTarget.Deployment, "model").Describe($"{which} scores rows.", "{" + place + "," + RequestExample + "}", ResponseExample);
        }
    }

    private static Task Server(HttpContext context) => Write(context, json =>
    {
        json.WriteString("name", "mlopsgrains");
        json.WriteString("version", ApiDocument.Version);
        json.WriteStartArray("extensions");
        json.WriteEndArray();
    });

    private static Task Live(HttpContext context) => Write(context, json => json.WriteBoolean("live", true));

    private static async Task Ready(HttpContext context, HealthCheckService checks)
    {
        var report = await checks.CheckHealthAsync(context.RequestAborted);
        if (report.Status == HealthStatus.Unhealthy)
        {
            throw MlopsException.Unavailable($"The server is not ready: {string.Join(", ", report.Entries.Where(e => e.Value.Status == HealthStatus.Unhealthy).Select(e => e.Key))}.");
        }

        await Write(context, json =>
        {
            json.WriteBoolean("ready", true);
            json.WriteBoolean("live", true);
        });
    }

    private static async Task Models(HttpContext context)
    {
        var names = await CatalogPages.ReadNames(context, PermissionKind.Deployment, CatalogKinds.Deployments, context.RequestAborted, ModelsMax);

        await Write(context, json =>
        {
            json.WriteStartArray("models");
            names.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        });
    }

    private static async Task Metadata(HttpContext context, IGrainFactory grains, string model, string? version = null)
    {
        var served = await grains.GetGrain<IScorerGrain>(0).Describe(model, version, context.RequestAborted);
        await Write(context, json =>
        {
            json.WriteString("name", model);
            json.WriteStartArray("versions");
            foreach (var v in served.Versions)
            {
                json.WriteStringValue(v);
            }

            json.WriteEndArray();
            json.WriteString("platform", "mlopsgrains_" + served.Format);
            WriteSpecs(json, "inputs", served.Signature.Inputs);
            WriteSpecs(json, "outputs", served.Signature.Outputs);
            if (served.Signature.Classes is { } classes)
            {
                // Properties are texts, and a class may hold any character: a JSON list in a text.
                json.WriteStartObject("properties");
                json.WriteString("classes", JsonSerializer.Serialize(classes, Plain));
                json.WriteEndObject();
            }
        });
    }

    /// <summary>A known model counts as ready while it is not loaded: the first call loads it.</summary>
    private static async Task ModelReady(HttpContext context, IGrainFactory grains, string model, string? version = null)
    {
        await grains.GetGrain<IScorerGrain>(0).Describe(model, version, context.RequestAborted);
        await Write(context, json =>
        {
            json.WriteString("name", model);
            json.WriteBoolean("ready", true);
        });
    }

    private static async Task Infer(HttpContext context, IGrainFactory grains, string model, string? version = null)
    {
        RefuseBinary(context.Request);
        var request = await RequestBody.ReadAsync(context.Request, OpenInferenceReader.Read, context.RequestAborted);
        var response = await grains.GetGrain<IScorerGrain>(0).Infer(model, version, request.Inference, context.RequestAborted);
        await Write(context, json => OpenInferenceWriter.Write(json, model, request.Id, response));
    }

    private static void RefuseBinary(HttpRequest request)
    {
        if (request.Headers.ContainsKey("Inference-Header-Content-Length"))
        {
            throw new MlopsException(ErrorKind.NotSupported, OpenInferenceReader.NoBinary, "Inference-Header-Content-Length");
        }
    }

    private static void WriteSpecs(Utf8JsonWriter json, string member, IReadOnlyList<TensorSpec> specs)
    {
        json.WriteStartArray(member);
        foreach (var spec in specs)
        {
            json.WriteStartObject();
            json.WriteString("name", spec.Name);
            json.WriteString("datatype", spec.Datatype);
            json.WriteStartArray("shape");
            foreach (var size in spec.Shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes an object whole before the answer begins, so that a value without a JSON form is still a clean refusal.</summary>
    private static async Task Write(HttpContext context, Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = JsonText.Writer(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }
}
