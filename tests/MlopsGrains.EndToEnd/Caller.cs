using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MlopsGrains.EndToEnd;

/// <summary>Speaks JSON with a server, as a user with a password where one is given.</summary>
internal sealed class Caller(Uri address, string? user = null, string? password = null, TimeSpan? patience = null) : IDisposable
{
    public const string Mlflow = "/api/2.0/mlflow/";

    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(40);

    public Uri Address => address;

    public HttpClient Http { get; } = new()
    {
        BaseAddress = address,
        Timeout = patience ?? DefaultPatience,
        DefaultRequestHeaders = { Authorization = user is null ? null : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))) },
    };

    public Caller As(string name, string secret) => new(address, name, secret);

    /// <summary>The answer to a request that must succeed.</summary>
    public async Task<JsonNode> DoAsync(string path, object? message = null, HttpMethod? method = null)
    {
        var (status, body) = await SendAsync(path, message, method);
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent, $"{path}: {status} {body}");
        return body.Length == 0 ? new JsonObject() : JsonNode.Parse(body)!;
    }

    public async Task<(HttpStatusCode Status, string Body)> SendAsync(string path, object? message = null, HttpMethod? method = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method ?? (message is null ? HttpMethod.Get : HttpMethod.Post), new Uri(path, UriKind.RelativeOrAbsolute));
        request.Content = message switch
        {
            null => null,
            byte[] bytes => new ByteArrayContent(bytes),
            _ => new StringContent(JsonSerializer.Serialize(message), Encoding.UTF8, "application/json"),
        };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var answer = await Http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public Task<byte[]> BytesAsync(string path) => Http.GetByteArrayAsync(new Uri(path, UriKind.Relative));

    public async Task<string> NewExperimentAsync(string name) => (string)(await DoAsync(Mlflow + "experiments/create", new { name }))["experiment_id"]!;

    public async Task<string> NewRunAsync(string experiment, string? name = null) =>
        (string)(await DoAsync(Mlflow + "runs/create", new { experiment_id = experiment, run_name = name, start_time = 1_700_000_000_000 }))["run"]!["info"]!["run_id"]!;

    public async Task<IReadOnlyList<JsonNode>> SearchAsync(string experiment, string filter = "", string view = "ALL") =>
        [.. (await DoAsync(Mlflow + "runs/search", new { experiment_ids = new[] { experiment }, filter, run_view_type = view, max_results = 1000 }))["runs"]?.AsArray().Select(r => r!) ?? []];

    /// <summary>The audit events, all or of one action.</summary>
    public async Task<IReadOnlyList<JsonNode>> AuditAsync(string? action = null)
    {
        var found = new List<JsonNode>();
        for (var after = 0L; ;)
        {
            var items = (await DoAsync($"/api/v1/audit/events?limit=1000&after={after}"))["items"]!.AsArray();
            found.AddRange(items.Where(e => action is null || (string)e!["action"]! == action).Select(e => e!));
            if (items.Count < 1000)
            {
                return found;
            }

            after = (long)items[^1]!["sequence"]!;
        }
    }

    /// <summary>Steps of gc from a page token until one says that there is no more.</summary>
    public async IAsyncEnumerable<JsonNode> GcAsync(string? pageToken = null)
    {
        do
        {
            var step = await GcStepAsync(pageToken);
            pageToken = (string?)step["nextPageToken"];
            yield return step;
        }
        while (pageToken is not null);
    }

    public Task<JsonNode> GcStepAsync(string? pageToken) => DoAsync("/api/v1/retention/gc", new { deletedForSeconds = 0, pageToken });

    public void Dispose() => Http.Dispose();
}
