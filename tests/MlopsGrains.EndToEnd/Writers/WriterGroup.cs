using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd.Writers;

/// <summary>Writers that go on at once until they are stopped, whatever is answered.</summary>
internal sealed class WriterGroup : IDisposable
{
    private readonly IReadOnlyList<Writer> writers;
    private readonly bool repeats;
    private CancellationTokenSource stop = new();
    private Caller caller;
    private Task[] writing = [];

    private WriterGroup(ServerProcess server, IReadOnlyList<Writer> writers, bool repeats) => (caller, this.writers, this.repeats) = (new(server.Address, patience: Patience), writers, repeats);

    /// <summary>Less than the gateway's.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(5);

    public IReadOnlyList<Writer> Writers => writers;

    /// <summary>The longest one of each writer, sorted.</summary>
    public IReadOnlyList<TimeSpan> Gaps => [.. writers.Select(writer => writer.LongestGap).Order()];

    public int Acknowledged => writers.Sum(writer => writer.Acknowledged);

    /// <summary>Answers other than success, and answers that did not come, by what they were.</summary>
    public ConcurrentDictionary<string, int> Refusals { get; } = new();

    /// <summary>Twelve that change everything that there is: journals and documents, audited and not, with blobs, and work that goes on afterwards.</summary>
    public static IReadOnlyList<Writer> Mixed() =>
    [
        new PointsWriter { Number = 1 }, new PointsWriter { Number = 2 }, new ParamWriter(), new RunTagWriter { Number = 1 }, new RunTagWriter { Number = 2 }, new RunWriter { Number = 1 }, new RunWriter { Number = 2 },
        new ExperimentTagWriter(), new DatasetWriter(), new ModelWriter(), new PipelineWriter(), new PipelineRunWriter(),
    ];

    public static IReadOnlyList<Writer> Tags(int count) => [.. Enumerable.Range(1, count).Select(n => new RunTagWriter { Number = n })];

    /// <param name="server">Whom they ask.</param>
    /// <param name="writers">Who writes.</param>
    /// <param name="repeats">Whether a creation that was not acknowledged is sent again with its key.</param>
    public static async Task<WriterGroup> StartAsync(ServerProcess server, IReadOnlyList<Writer> writers, bool repeats = true)
    {
        var group = new WriterGroup(server, writers, repeats);
        using (var patient = new Caller(server.Address))
        {
            foreach (var writer in writers)
            {
                await writer.PrepareAsync(patient);
            }
        }

        group.GoOn();
        return group;
    }

    /// <summary>From here on they ask another server.</summary>
    public void Ask(ServerProcess server) => caller = new(server.Address, patience: Patience);

    /// <summary>Returns when every one of them was acknowledged once more.</summary>
    public async Task AllWriteAsync()
    {
        var before = writers.Select(writer => writer.Acknowledged).ToArray();
        try
        {
            await Eventually.Async(() => writers.Zip(before).All(pair => pair.First.Acknowledged > pair.Second), TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            var silent = writers.Zip(before).Where(pair => pair.First.Acknowledged == pair.Second).Select(pair => pair.First.Name);
            throw new TimeoutException($"{string.Join(", ", silent)} wrote nothing for 90 s; {Told()}");
        }
    }

    /// <summary>They write, again after <see cref="StopAsync"/>.</summary>
    public void GoOn()
    {
        stop.Dispose();
        stop = new();
        var stopped = stop.Token;
        writing = [.. writers.Select(writer => Task.Run(() => WriteAsync(writer, stopped)))];
    }

    public void ForgetGaps()
    {
        foreach (var writer in writers)
        {
            writer.ForgetGaps();
        }
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(writing);
    }

    /// <summary>What was acknowledged is there, once, and nothing earlier took its place; with <paramref name="audit"/>, the audit chain tells it as well.</summary>
    public async Task<IReadOnlyList<string>> FaultsAsync(bool audit)
    {
        using var reader = new Caller(caller.Address);
        var faults = new List<string>();
        foreach (var writer in writers)
        {
            faults.AddRange(await writer.FaultsAsync(reader));
        }

        if (audit)
        {
            await Eventually.Async(async () => (long)(await reader.DoAsync("/api/v1/audit/waiting"))["events"]! == 0, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            var chain = await reader.AuditAsync();
            faults.AddRange(writers.SelectMany(writer => writer.AuditFaults(chain)));
        }

        return faults;
    }

    public string Told() => string.Join(", ", Refusals.OrderByDescending(r => r.Value).Select(r => $"{r.Value} × {r.Key}"));

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }

    private async Task WriteAsync(Writer writer, CancellationToken stopped)
    {
        while (!stopped.IsCancellationRequested)
        {
            try
            {
                var (status, body) = await writer.WriteAsync(caller, repeats);
                if (status is not (HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted))
                {
                    Count((int)status >= 500 ? $"{(int)status}" : $"{writer.Name} {(int)status} {body}");
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or SocketException or IOException)
            {
                Count(e.GetType().Name);
            }

            await Task.Delay(writer.Pace, CancellationToken.None);
        }
    }

    private void Count(string refusal) => Refusals.AddOrUpdate(refusal, 1, (_, n) => n + 1);
}
