using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace MlopsGrains.EndToEnd;

/// <summary>Writers that log numbered points over the MLflow door as an unmodified client does: every failure is retried until it is acknowledged.</summary>
internal sealed class TrackingLoad(HttpClient http)
{
    private readonly ConcurrentDictionary<string, int> acknowledged = new();

    /// <summary>Points acknowledged so far, over all runs.</summary>
    public int Acknowledged => acknowledged.Values.Sum();

    public int AcknowledgedOf(string run) => acknowledged[run];

    public async Task<IReadOnlyList<string>> CreateRunsAsync(int count)
    {
        var runs = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var response = await PostAsync("runs/create", new { experiment_id = "0", start_time = 1 }, CancellationToken.None);
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            runs.Add(body.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!);
        }

        return runs;
    }

    /// <summary>Logs batches of ten points to one run until <paramref name="stop"/> fires.</summary>
    public async Task WriteAsync(string run, CancellationToken stop)
    {
        for (var batch = 0; !stop.IsCancellationRequested; batch++)
        {
            var points = Enumerable.Range(batch * 10, 10).Select(i => new { key = "loss", value = i + 0.5, timestamp = 1000 + i, step = i }).ToArray();
            using var response = await PostAsync("runs/log-batch", new { run_id = run, metrics = points }, CancellationToken.None);
            acknowledged[run] = (batch + 1) * 10;
        }
    }

    /// <summary>Every acknowledged point is there, once; at most the batch in flight is there beyond them.</summary>
    public async Task AssertNothingLostOrDoubledAsync()
    {
        foreach (var (run, count) in acknowledged)
        {
            var steps = new List<long>();
            string? token = null;
            do
            {
                var page = await GetAsync($"metrics/get-history?run_id={run}&metric_key=loss&max_results=25000" + (token is null ? "" : $"&page_token={Uri.EscapeDataString(token)}"));
                steps.AddRange(page.GetProperty("metrics").EnumerateArray().Select(m => m.GetProperty("step").GetInt64()));
                token = page.TryGetProperty("next_page_token", out var next) ? next.GetString() : null;
            }
            while (!string.IsNullOrEmpty(token));

            Assert.Equal(steps.Distinct().Count(), steps.Count);
            Assert.InRange(steps.Count, count, count + 10);
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), steps.Order().Take(count));
        }
    }

    /// <summary>A search finds every run with at least the last point that was acknowledged before it began; also while writers write.</summary>
    public async Task AssertSearchSeesAcknowledgedAsync()
    {
        var before = acknowledged.ToArray();
        using var response = await PostAsync("runs/search", new { experiment_ids = new[] { "0" }, filter = "metrics.loss >= 0", max_results = 1000 }, CancellationToken.None);
        var page = await response.Content.ReadFromJsonAsync<JsonElement>();
        var found = page.GetProperty("runs").EnumerateArray().ToDictionary(
            run => run.GetProperty("info").GetProperty("run_id").GetString()!,
            run => run.GetProperty("data").GetProperty("metrics").EnumerateArray().Single(m => m.GetProperty("key").GetString() == "loss").GetProperty("step").GetInt64());

        Assert.All(before, run => Assert.InRange(found[run.Key], run.Value - 1, long.MaxValue));
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var response = await SendAsync(() => http.GetAsync(new Uri("/api/2.0/mlflow/" + path, UriKind.Relative)));
            if (response?.StatusCode == HttpStatusCode.OK)
            {
                return await response.Content.ReadFromJsonAsync<JsonElement>();
            }

            await RetryAsync(response, attempt);
        }
    }

    private async Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var response = await SendAsync(() => http.PostAsJsonAsync("/api/2.0/mlflow/" + path, body, cancellationToken));
            if (response?.StatusCode == HttpStatusCode.OK)
            {
                return response;
            }

            using (response)
            {
                await RetryAsync(response, attempt);
            }
        }
    }

    private static async Task<HttpResponseMessage?> SendAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            return await send();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static async Task RetryAsync(HttpResponseMessage? response, int attempt)
    {
        if (response is not null && (int)response.StatusCode is not (408 or 429 or >= 500))
        {
            Assert.Fail($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }

        Assert.True(attempt < 300, string.Create(CultureInfo.InvariantCulture, $"No answer after {attempt} attempts; last status {response?.StatusCode.ToString() ?? "none"}."));
        await Task.Delay(TimeSpan.FromMilliseconds(200));
    }
}
