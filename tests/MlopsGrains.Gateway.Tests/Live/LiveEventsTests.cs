using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Live;

/// <summary>Readers of server-sent events beside writers, through the real server.</summary>
public sealed class LiveEventsTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ShowsItselfAndThenEverythingStored()
    {
        var id = await this.mlflow.NewRunAsync();
        await using var reader = await EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events");
        var reset = await reader.NextAsync();
        Assert.Equal(("reset", id), (reset.Name, (string?)reset.Data["info"]!["runId"]));

        await LogAsync(id, 1, "NaN");
        await this.mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "mlflow.runName", value = "renamed" });
        await this.mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "k", value = "v" });
        await this.mlflow.DoAsync("/mlflow/runs/delete-tag", new { run_id = id, key = "k" });
        await this.mlflow.DoAsync("/mlflow/runs/outputs", new { run_id = id, models = new[] { new { model_id = "m-1", step = 3 } } });
        await this.mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status = "FINISHED", end_time = 9 });

        var changes = new List<SentEvent>();
        for (var i = 0; i < 6; i++)
        {
            changes.Add(await reader.NextAsync());
        }

        Assert.All(changes, c => Assert.Equal("change", c.Name));
        Assert.Equal(changes.Select(c => c.Id).Order(), changes.Select(c => c.Id));
        Assert.Equal("""[{"key":"m","value":"NaN","timestamp":1,"step":1}]""", changes[0].Data["metrics"]!.ToJsonString());
        Assert.Equal("renamed", (string?)changes[1].Data["info"]!["runName"]);
        Assert.Equal("""[{"key":"k","value":"v"}]""", changes[2].Data["tags"]!.ToJsonString());
        Assert.Null(changes[2].Data["info"]);
        Assert.Equal("""["k"]""", changes[3].Data["deletedTags"]!.ToJsonString());
        Assert.Equal("""[{"modelId":"m-1","step":3}]""", changes[4].Data["modelOutputs"]!.ToJsonString());
        Assert.Equal("finished", (string?)changes[5].Data["info"]!["status"]);
    }

    [Fact]
    public async Task Reader_GoesOnWhereItWas_OrBeginsAnew()
    {
        var id = await this.mlflow.NewRunAsync();
        long seen;
        await using (var first = await EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events"))
        {
            seen = (await first.NextAsync()).Id;
        }

        await LogAsync(id, 1);
        await LogAsync(id, 2);
        await using var again = await EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events", seen);
        Assert.Equal([("change", 1L), ("change", 2L)], [Step(await again.NextAsync()), Step(await again.NextAsync())]);

        await using var old = await EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events?lastEventId=0");
        Assert.Equal("reset", (await old.NextAsync()).Name);
        await using var ahead = await EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events", seen + 1000);
        Assert.Equal("reset", (await ahead.NextAsync()).Name);
    }

    [Fact]
    public async Task ManyReaders_EachSeeEveryPoint()
    {
        const int Steps = 60;
        var id = await this.mlflow.NewRunAsync();
        var readers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => EventReader.OpenAsync(server.Http, $"/api/v1/runs/{id}/events")));
        await Task.WhenAll(readers.Select(r => r.NextAsync()));

        for (var step = 0; step < Steps; step++)
        {
            await LogAsync(id, step);
        }

        await Task.WhenAll(readers.Select(async reader =>
        {
            await using (reader)
            {
                for (var step = 0; step < Steps; step++)
                {
                    Assert.Equal(("change", step), Step(await reader.NextAsync()));
                }
            }
        }));
    }

    [Fact]
    public async Task Experiment_ShowsItsRunsComingAndGoing()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        await using var reader = await EventReader.OpenAsync(server.Http, $"/api/v1/experiments/{experiment}/events");
        Assert.Equal("reset", (await reader.NextAsync()).Name);

        var id = await this.mlflow.NewRunAsync(experiment);
        await AssertNextAsync("created");
        await LogAsync(id, 1);
        await LogAsync(id, 2);
        var updated = await AssertNextAsync("updated");
        Assert.Equal("m", (string?)updated["metrics"]![0]!["key"]);
        await this.mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status = "FAILED" });
        Assert.Equal(2, (long)(await AssertNextAsync("ended"))["metrics"]![0]!["step"]!);
        await this.mlflow.DoAsync("/mlflow/runs/delete", new { run_id = id });
        await AssertNextAsync("deleted");
        await this.mlflow.DoAsync("/mlflow/runs/restore", new { run_id = id });
        await AssertNextAsync("restored");

        async Task<JsonNode> AssertNextAsync(string change)
        {
            while (true)
            {
                var next = await reader.NextAsync();
                Assert.Equal(("run", id), (next.Name, (string?)next.Data["info"]!["runId"]));
                if ((string?)next.Data["change"] == change)
                {
                    return next.Data;
                }

                // What was logged before may be shown once more on the way.
                Assert.Equal("updated", (string?)next.Data["change"]);
            }
        }
    }

    [Theory]
    [InlineData("/api/v1/runs/none/events", 404, null)]
    [InlineData("/api/v1/runs/no*ne/events", 400, "id")]
    [InlineData("/api/v1/experiments/99999999/events", 404, null)]
    [InlineData("/api/v1/experiments/x/events", 404, null)]
    [InlineData("/api/v1/experiments/0/events?lastEventId=soon", 400, "Last-Event-ID")]
    [InlineData("/api/v1/experiments/0/events?lastEventId=-1", 400, "Last-Event-ID")]
    public async Task Mistake_IsRefusedBeforeTheStreamBegins(string path, int status, string? field)
    {
        using var answer = await server.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Token);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(field, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["field"]);
    }

    /// <summary>One reader opens the stream and takes nothing: the writer does not wait for it, others see everything, and it is cut off.</summary>
    [Fact]
    public async Task SlowReader_IsCutOff_AndSlowsNobody()
    {
        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b => b.Configuration["Gateway:LiveWriteTimeout"] = "00:00:00.5");
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var mlflow = new MlflowCaller(http);
        var id = await mlflow.NewRunAsync();
        using var slow = new TcpClient { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(IPAddress.Loopback, http.BaseAddress.Port, Token);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/v1/runs/{id}/events HTTP/1.1\r\nHost: 127.0.0.1:{http.BaseAddress.Port}\r\n\r\n"), Token);
        await using var quick = await EventReader.OpenAsync(http, $"/api/v1/runs/{id}/events");
        await quick.NextAsync();

        var last = 0L;
        for (var batch = 0; batch < 150; batch++)
        {
            var points = Enumerable.Range(batch * 1000, 1000).Select(i => new { key = "a-metric-with-a-long-name-so-that-the-stream-is-big", value = i, timestamp = i, step = i });
            await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id, metrics = points });
            for (var read = 0L; read < 1000;)
            {
                var metrics = (await quick.NextAsync()).Data["metrics"]!.AsArray();
                Assert.Equal(last, (long)metrics[0]!["step"]!);
                last += metrics.Count;
                read += metrics.Count;
            }
        }

        // The server gives up: the connection ends although nobody closed it here.
        var rest = new byte[64 * 1024];
        await Eventually.Async(async () =>
        {
            try
            {
                return await slow.GetStream().ReadAsync(rest, Token) == 0;
            }
            catch (IOException)
            {
                return true;
            }
        }, TimeSpan.FromSeconds(30), Token);
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task StoppingServer_EndsTheStream()
    {
        using var directory = new TempDirectory();
        var app = await ServerFixture.StartAsync(directory.Path);
        await using (app)
        {
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            var id = await new MlflowCaller(http).NewRunAsync();
            await using var reader = await EventReader.OpenAsync(http, $"/api/v1/runs/{id}/events");
            await reader.NextAsync();

            var clock = Stopwatch.StartNew();
            await app.StopAsync(Token);

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"stopping took {clock.Elapsed}");
            Assert.Null(await reader.TryNextAsync());
        }
    }

    private Task<JsonNode> LogAsync(string id, long step, object? value = null) =>
        this.mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "m", value = value ?? 0.5, timestamp = step, step });

    private static (string Name, long Step) Step(SentEvent change) => (change.Name, (long)change.Data["metrics"]![0]!["step"]!);
}

internal sealed record SentEvent(long Id, string Name, JsonNode Data);

/// <summary>Reads server-sent events one by one.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage answer;
    private readonly StreamReader lines;

    private EventReader(HttpResponseMessage answer, StreamReader lines) => (this.answer, this.lines) = (answer, lines);

    public static async Task<EventReader> OpenAsync(HttpClient http, string path, long? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is { } id)
        {
            request.Headers.Add("Last-Event-ID", id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        return new EventReader(answer, new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    public async Task<SentEvent> NextAsync() => await TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");

    /// <summary><see langword="null"/> at the end of the stream.</summary>
    public async Task<SentEvent?> TryNextAsync()
    {
        var (id, name) = (0L, "");
        while (await this.lines.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
        {
            switch (line.Split(": ", 2))
            {
                case ["id", var text]:
                    id = long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
                    break;
                case ["event", var text]:
                    name = text;
                    break;
                case ["data", var text]:
                    return new SentEvent(id, name, JsonNode.Parse(text)!);
                default:
                    break;
            }
        }

        return null;
    }

    public ValueTask DisposeAsync()
    {
        this.lines.Dispose();
        this.answer.Dispose();
        return ValueTask.CompletedTask;
    }
}
