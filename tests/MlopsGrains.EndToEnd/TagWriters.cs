using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>
/// One writer for each of some runs sets a tag to 1, 2, 3 and so on; when one is given up it sends the next. What was acknowledged last may be followed by what was sent
/// later, and never by something earlier.
/// </summary>
internal sealed class TagWriters : IDisposable
{
    /// <summary>More than the gateway's: it is the gateway that gives up. What a client gave up earlier may still be done while the gateway waits, if its cancellation overtakes the call.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(11);

    private readonly HttpClient http;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Run> runs = [];
    private Task[] writing = [];

    private TagWriters(Uri address) => http = new() { BaseAddress = address, Timeout = Patience };

    /// <summary>The longest times between two acknowledgements of a key, one for each key, sorted.</summary>
    public IReadOnlyList<TimeSpan> Gaps => [.. runs.Select(run => run.LongestGap).Order()];

    /// <summary>Answers other than 200, and answers that did not come, by what they were.</summary>
    public ConcurrentDictionary<string, int> Refusals { get; } = new();

    public static async Task<TagWriters> StartAsync(ServerProcess server, int keys)
    {
        var writers = new TagWriters(server.Address);
        using var caller = new Caller(server.Address);
        for (var i = 0; i < keys; i++)
        {
            writers.runs.Add(new Run(await caller.NewRunAsync("0", $"key {i}")));
        }

        writers.writing = [.. writers.runs.Select(run => Task.Run(() => writers.WriteAsync(run)))];
        return writers;
    }

    /// <summary>Returns when every key was written once more.</summary>
    public async Task AllWriteAsync()
    {
        var before = runs.Select(run => run.Acknowledged).ToArray();
        await Eventually.Async(() => Task.FromResult(runs.Zip(before).All(pair => pair.First.Acknowledged > pair.Second)), TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(writing);
    }

    /// <summary>After a time in which whatever was still on its way would have arrived.</summary>
    public async Task AssertNothingUndoneAsync()
    {
        using var caller = new Caller(http.BaseAddress!);
        foreach (var run in runs)
        {
            var tags = (await caller.DoAsync(Caller.Mlflow + $"runs/get?run_id={run.Id}"))["run"]!["data"]!["tags"]!.AsArray();
            var value = long.Parse((string)tags.Single(t => (string)t!["key"]! == "n")!["value"]!, CultureInfo.InvariantCulture);
            Assert.InRange(value, run.Acknowledged, run.Sent);
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        http.Dispose();
        stop.Dispose();
    }

    private async Task WriteAsync(Run run)
    {
        for (var number = 1L; !stop.IsCancellationRequested; number++)
        {
            run.Sent = number;
            if (await SetAsync(run.Id, number))
            {
                run.Acknowledge(number);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    private async Task<bool> SetAsync(string run, long number)
    {
        try
        {
            using var content = new StringContent($$"""{"run_id":"{{run}}","key":"n","value":"{{number}}"}""", null, "application/json");
            using var answer = await http.PostAsync(new Uri("/api/2.0/mlflow/runs/set-tag", UriKind.Relative), content);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                Refusals.AddOrUpdate($"{(int)answer.StatusCode}", 1, (_, n) => n + 1);
            }

            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or SocketException)
        {
            Refusals.AddOrUpdate(e.GetType().Name, 1, (_, n) => n + 1);
            return false;
        }
    }

    private sealed class Run(string id)
    {
        private long last = Stopwatch.GetTimestamp();

        public string Id => id;

        public long Sent { get; set; }

        public long Acknowledged { get; private set; }

        public TimeSpan LongestGap { get; private set; }

        public void Acknowledge(long number)
        {
            var gap = Stopwatch.GetElapsedTime(last);
            (Acknowledged, last, LongestGap) = (number, Stopwatch.GetTimestamp(), gap > LongestGap ? gap : LongestGap);
        }
    }
}
