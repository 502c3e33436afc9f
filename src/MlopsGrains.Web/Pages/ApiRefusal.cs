using System.Text.Json;

namespace MlopsGrains.Web.Pages;

/// <summary>The API did not do what a page asked of it.</summary>
/// <param name="status">HTTP status of the answer.</param>
/// <param name="detail">What was expected and what came, in the API's words.</param>
/// <param name="named">Path of the offending input.</param>
/// <param name="traceId">Under which the server's log tells more.</param>
/// <param name="retryAfter">How long to wait before asking again.</param>
/// <param name="place">Where in the text of that input the fault is, in characters from 0, and how long it is.</param>
#pragma warning disable CA1710 // Pages show it far more often than they throw it.
public sealed class ApiRefusal(int status, string detail, string? named = null, string? traceId = null, TimeSpan? retryAfter = null, (int Position, int Length)? place = null) : Exception(detail)
#pragma warning restore CA1710
{
    public int Status => status;

    /// <summary>Path of the offending input.</summary>
    public string? Field => named;

    /// <summary>Where in the text of <see cref="Field"/> the fault begins, in characters from 0, and how many are at fault.</summary>
    public (int Position, int Length)? Place => place;

    public string? TraceId => traceId;

    /// <summary>How long to wait before asking again.</summary>
    public TimeSpan? RetryAfter => retryAfter;

    public bool AsksForSignIn => status == 401;

    public bool IsOurs => status >= 500;

    public static ApiRefusal Of(int status, string body, TimeSpan? retryAfter = null)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            string? Text(string name) => json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            int? Number(string name) => json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
            return new ApiRefusal(
                status, Text("detail") ?? Text("message") ?? $"HTTP {status}", Text("field"), Text("traceId"), retryAfter, Number("position") is { } position && Number("length") is { } length ? (position, length) : null);
        }
        catch (JsonException)
        {
            return new ApiRefusal(status, body.Length is 0 or > 300 ? $"HTTP {status}" : body);
        }
    }
}

/// <summary>Throws every refusal as it came, before the client puts it into an exception of its own: pages show what the API said, and with which status.</summary>
internal sealed class RefusalHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw ApiRefusal.Of((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken), answer.Headers.RetryAfter?.Delta);
        }
    }
}
