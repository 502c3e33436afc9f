using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Json;

namespace MlopsGrains.Gateway.Http;

/// <summary>Sets the security headers and turns every exception and bare status into an answer in the path's dialect.</summary>
internal sealed partial class RefusalMiddleware(RequestDelegate next, IOptions<GatewayOptions> options, ILogger<RefusalMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.XFrameOptions = "SAMEORIGIN";
        context.Response.Headers.ContentSecurityPolicy = context.GetEndpoint()?.Metadata.GetMetadata<ContentPolicy>()?.Text ?? ContentPolicy.Data;
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var refusal = Refusal.From(e, context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>(), options.Value);
            if (refusal.Status >= 500 && refusal.Status != StatusCodes.Status501NotImplemented)
            {
                Failed(logger, e, context.Request.Method, context.Request.Path, refusal.Status);
            }
            else if (!refusal.AsksToWait)
            {
                Refused(logger, context.Request.Method, context.Request.Path, refusal.Status, refusal.Message);
            }

            await WriteAsync(context, refusal);
            return;
        }

        if (IsBare(context))
        {
            await WriteAsync(context, Refusal.ForStatus(context.Response.StatusCode, context.Request.Method, context.Request.Path));
        }
    }

    /// <summary>Writes a refusal in the dialect of the request's path.</summary>
    public async Task WriteAsync(HttpContext context, Refusal refusal)
    {
        var response = context.Response;
        var dialect = Dialects.Of(context);
        response.ContentLength = null;
        response.Headers.Remove("Content-Disposition");
        response.StatusCode = dialect == Dialect.Mlflow ? refusal.MlflowStatus ?? refusal.Status : refusal.Status;
        response.ContentType = dialect == Dialect.Native ? "application/problem+json" : "application/json";
        response.Headers.CacheControl = "no-store";
        if (refusal.AsksToWait && response.Headers.RetryAfter.Count == 0)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(options.Value.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        await using var json = JsonText.Writer(response.BodyWriter);
        json.WriteStartObject();
        switch (dialect)
        {
            case Dialect.Mlflow:
                json.WriteString("error_code", refusal.Code);
                json.WriteString("message", refusal.MlflowMessage);
                break;
            case Dialect.OpenInference:
                json.WriteString("error", refusal.Message);
                break;
            default:
                WriteProblem(json, context, refusal);
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteProblem(Utf8JsonWriter json, HttpContext context, Refusal refusal)
    {
        json.WriteString("type", "about:blank");
        json.WriteString("title", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(refusal.Status));
        json.WriteNumber("status", refusal.Status);
        json.WriteString("detail", refusal.Message);
        json.WriteString("instance", context.Request.Path);
        if (refusal.Field is not null)
        {
            json.WriteString("field", refusal.Field);
        }

        if (refusal is { Position: { } position, Length: { } length })
        {
            json.WriteNumber("position", position);
            json.WriteNumber("length", length);
        }

        if (refusal.Kind is { } kind)
        {
            json.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()));
        }

        json.WriteString("traceId", Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);
    }

    /// <summary>Routing answers unknown paths and methods with nothing but a status; pages of a web UI are left alone.</summary>
    private static bool IsBare(HttpContext context)
    {
        var response = context.Response;
        return response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null }
            && !context.WebSockets.IsWebSocketRequest
            && (Dialects.Of(context) != Dialect.Native
                || context.Request.Path.StartsWithSegments("/api")
                || !context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase));
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed with {Status}")]
    private static partial void Failed(ILogger logger, Exception exception, string method, string path, int status);

    [LoggerMessage(LogLevel.Information, "{Method} {Path} refused with {Status}: {Reason}")]
    private static partial void Refused(ILogger logger, string method, string path, int status, string reason);
}
