using System.Globalization;
using System.Net;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Client.Http;

/// <summary>
/// Turns an error answer (problem details, MLflow's <c>{"error_code": …, "message": …}</c>, or the Open Inference Protocol's <c>{"error": …}</c>) into the
/// exception that the platform threw.
/// </summary>
internal static class GatewayError
{
    private const int ShownMax = 2000;

    /// <param name="status">Of the answer.</param>
    /// <param name="body">As text.</param>
    /// <param name="proxy">The proxy that may have answered in the platform's place.</param>
    public static MlopsException Of(HttpStatusCode status, string body, string? proxy = null)
    {
        var (message, field, kind, place) = Parse(body);
        if (proxy is not null && kind is null)
        {
            message = $"{message ?? "the answer says no more"} (it came through {proxy})";
        }

        if (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            return MlopsException.Invalid(nameof(MlopsGrainsClientOptions.ApiKey), Say(status, message ?? "the server refused the API key, or none was given"));
        }

        var refusal = new MlopsException(kind ?? KindOf(status), message ?? Say(status, "the answer says no more"), field);
        return place is { } at ? refusal.At(at.Position, at.Length) : refusal;
    }

    private static string Say(HttpStatusCode status, string message) =>
        string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)status}: {message}");

    private static ErrorKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => ErrorKind.NotFound,
        HttpStatusCode.Conflict => ErrorKind.Conflict,
        HttpStatusCode.RequestEntityTooLarge => ErrorKind.TooLarge,
        HttpStatusCode.UnprocessableEntity => ErrorKind.Unprocessable,
        HttpStatusCode.TooManyRequests => ErrorKind.Overloaded,
        HttpStatusCode.NotImplemented => ErrorKind.NotSupported,
        >= HttpStatusCode.InternalServerError => ErrorKind.Unavailable,
        _ => ErrorKind.InvalidInput,
    };

    private static (string? Message, string? Field, ErrorKind? Kind, (int Position, int Length)? Place) Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (Shorten(body), null, null, null);
            }

            var root = json.RootElement;
            return (
                Shorten(Text(root, "detail") ?? Text(root, "error") ?? Text(root, "message") ?? Text(root, "title")),
                Text(root, "field"),
                Enum.TryParse<ErrorKind>(Text(root, "kind"), ignoreCase: true, out var kind) ? kind : Text(root, "error_code") == "RESOURCE_ALREADY_EXISTS" ? ErrorKind.AlreadyExists : null,
                Number(root, "position") is { } position && Number(root, "length") is { } length ? (position, length) : null);
        }
        catch (JsonException)
        {
            return (Shorten(body), null, null, null); // A proxy's page, say; its text is better than nothing.
        }
    }

    private static int? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Shorten(string? text) => text is null || string.IsNullOrWhiteSpace(text) ? null
        : text.Shorten(ShownMax);
}
