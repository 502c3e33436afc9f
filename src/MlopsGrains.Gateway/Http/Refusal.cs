using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Json;

namespace MlopsGrains.Gateway.Http;

/// <summary>The request wants a part of MLflow that is switched off here.</summary>
internal sealed class FeatureDisabledException(string field, string message) : Exception(message)
{
    public string Field { get; } = field;
}

/// <summary>The answer to a request that is not served, before a dialect gives it its form.</summary>
/// <param name="Status">HTTP status in the native and Open Inference dialects.</param>
/// <param name="Message">What was expected, what came, and the limit.</param>
/// <param name="Field">Path of the offending input.</param>
/// <param name="Code">MLflow's name for it.</param>
/// <param name="MlflowStatus">HTTP status in MLflow's dialect when that differs.</param>
/// <param name="Kind">The platform's own name for it; two kinds share status 409.</param>
/// <param name="Position">Where in the text of the field the fault begins, in characters from 0.</param>
/// <param name="Length">How many characters are at fault.</param>
internal sealed partial record Refusal(
    int Status, string Message, string? Field, string Code, int? MlflowStatus = null, ErrorKind? Kind = null, int? Position = null, int? Length = null)
{
    private const string WebServer = "Microsoft.AspNetCore.Server.Kestrel.Core";
    private const string InvalidPath = "Invalid path";

    /// <summary>The message for MLflow's clients. All of them say MLflow's sentence first; this one its tests compare as a whole.</summary>
    public string MlflowMessage => Message.StartsWith(InvalidPath, StringComparison.Ordinal) ? InvalidPath : Message;

    public bool AsksToWait => Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable;

    /// <summary>The refusal that an exception means; an exception that means nothing to a caller becomes a 500 without its words.</summary>
    public static Refusal From(Exception exception, BodyLimit? limit, GatewayOptions options) => exception switch
    {
        MlopsException e => From(e) with { Kind = e.Kind, Position = e.Position, Length = e.Length },
        FeatureDisabledException e => new(400, e.Message, e.Field, "FEATURE_DISABLED"),
        BadHttpRequestException e => From(e, limit, options),
        JsonException e => From(TypedFaults.Of(e)) with { Kind = ErrorKind.InvalidInput },
        IOException { Source: WebServer, InnerException: OverflowException } => new(400, "The body's chunks cannot be read: a chunk's size is too large.", "body", "INVALID_PARAMETER_VALUE"),
        TimeoutException or OrleansException => Unavailable,
        AggregateException { InnerExceptions: [var only] } => From(only, limit, options),
        _ => new Refusal(500, "The server failed to answer; its log holds the reason under this request's trace id.", null, "INTERNAL_ERROR"),
    };

    public static Refusal ForStatus(int status, string method, PathString path) => status switch
    {
        404 => new Refusal(404, $"No such path: {path}.", null, "ENDPOINT_NOT_FOUND"),
        405 => new Refusal(405, $"{method} is not allowed on {path}.", null, "BAD_REQUEST"),
        415 => new Refusal(415, "Content-Type is not supported here.", "Content-Type", "INVALID_PARAMETER_VALUE", 400),
        _ => new Refusal(status, $"The request was refused with status {status}.", null, status < 500 ? "BAD_REQUEST" : "INTERNAL_ERROR"),
    };

    private static Refusal Unavailable { get; } =
        new(503, "The silo that serves this did not answer; try again.", null, "TEMPORARILY_UNAVAILABLE");

    private static Refusal From(MlopsException e) => e.Kind switch
    {
        ErrorKind.InvalidInput => new(400, e.Message, e.Field, "INVALID_PARAMETER_VALUE"),
        ErrorKind.NotFound => new(404, e.Message, e.Field, "RESOURCE_DOES_NOT_EXIST"),
        ErrorKind.AlreadyExists => new(409, e.Message, e.Field, "RESOURCE_ALREADY_EXISTS", 400),
        ErrorKind.Conflict => new(409, e.Message, e.Field, "INVALID_PARAMETER_VALUE", 400),
        ErrorKind.TooLarge => new(413, e.Message, e.Field, "INVALID_PARAMETER_VALUE"),
        ErrorKind.Overloaded => new(429, e.Message, e.Field, "REQUEST_LIMIT_EXCEEDED"),
        ErrorKind.Unavailable => new(503, e.Message, e.Field, "TEMPORARILY_UNAVAILABLE"),
        ErrorKind.NotSupported => new(501, e.Message, e.Field, "NOT_IMPLEMENTED"),
        ErrorKind.Unprocessable => new(422, e.Message, e.Field, "INVALID_PARAMETER_VALUE", 400),
        ErrorKind.PermissionDenied => new(403, e.Message, e.Field, "PERMISSION_DENIED"),
        ErrorKind.DataLoss => new(500, e.Message, e.Field, "DATA_LOSS"),
        _ => new(500, e.Message, e.Field, "INTERNAL_ERROR"),
    };

    private static Refusal From(BadHttpRequestException e, BodyLimit? limit, GatewayOptions options)
    {
        if (e.InnerException is JsonException json)
        {
            return From(TypedFaults.Of(json)) with { Kind = ErrorKind.InvalidInput };
        }

        if (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return From((limit ?? BodyLimit.Json).Refuse(options));
        }

        if (e.Message.Contains("from body", StringComparison.Ordinal) || e.Message.StartsWith("Implicit body", StringComparison.Ordinal))
        {
            return new Refusal(e.StatusCode, "The request has no body; expected a JSON object.", null, "INVALID_PARAMETER_VALUE");
        }

        // Minimal APIs say: Failed to bind parameter "int limit" from "x". / Required parameter "string name" was not provided from query string.
        var parameter = BoundParameter().Match(e.Message);
        var field = parameter.Success ? parameter.Groups["name"].Value : e.StatusCode == 415 ? "Content-Type" : null;
        var message = parameter switch
        {
            { Success: true } when parameter.Groups["value"].Success => $"{field} cannot be read from '{parameter.Groups["value"].Value}'.",
            { Success: true } => $"{field} is required.",
            _ when e.StatusCode == 415 => "The Content-Type is not supported here; expected application/json.",
            _ => e.Message,
        };
        return new Refusal(e.StatusCode, message, field, "INVALID_PARAMETER_VALUE", e.StatusCode == 415 ? 400 : null);
    }

    [GeneratedRegex("parameter \"(?:[^\"]* )?(?<name>[^\" ]+)\"(?: from \"(?<value>[^\"]{0,100}))?")]
    private static partial Regex BoundParameter();
}
