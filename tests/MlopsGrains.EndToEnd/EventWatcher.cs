using System.Text.Json;

namespace MlopsGrains.EndToEnd;

/// <summary>Follows a run's live events as a reader should: connects again after a break and goes on after the last event it saw.</summary>
internal sealed class EventWatcher(HttpClient http, string run)
{
    private long lastStep = -1;
    private long version;

    /// <summary>The greatest step seen of any metric.</summary>
    public long LastStep => Interlocked.Read(ref lastStep);

    /// <summary>The run's version after the last event.</summary>
    public long Version => Interlocked.Read(ref version);

    public async Task FollowAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ReadAsync(stop);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
            }

            await Task.WhenAny(Task.Delay(200, stop));
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/events");
        if (Version > 0)
        {
            request.Headers.Add("Last-Event-ID", $"{Version}");
        }

        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        var id = 0L;
        while (await lines.ReadLineAsync(stop) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                using var data = JsonDocument.Parse(line[6..]);
                if (data.RootElement.TryGetProperty("metrics", out var metrics))
                {
                    var steps = metrics.EnumerateArray().Select(m => m.GetProperty("step").GetInt64()).DefaultIfEmpty(-1).Max();
                    Interlocked.Exchange(ref lastStep, Math.Max(LastStep, steps));
                }

                Interlocked.Exchange(ref version, id);
            }
        }
    }
}
