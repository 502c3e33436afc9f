using System.Globalization;
using System.Net;
using System.Text.Json;
using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Tests.Experiments;

public sealed class ActiveRunTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private enum Weather
    {
        Fine,
        LostBefore,
        LostAfter,
        Busy,
        Refused,
    }

    [Fact]
    public async Task LostAnswer_BatchIsSentAgain_AppliedOnce()
    {
        var server = new RunServer([Weather.Fine, Weather.LostAfter, Weather.LostBefore, Weather.Fine]);
        await using (var run = await server.Client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            await run.LogMetricAsync("loss", 1, 1, Cancel);
            await run.LogMetricAsync("loss", 2, 2, Cancel);
        }

        Assert.Equal([1, 2], server.Applied);
        Assert.Equal([1, 2, 2, 2], server.Sequences);
    }

    [Fact]
    public async Task AnyWeather_EveryAcknowledgedPointIsThereOnce_InOrder()
    {
        var weather = Gen.Frequency((4, Gen.Const(Weather.Fine)), (2, Gen.Const(Weather.LostBefore)), (2, Gen.Const(Weather.LostAfter)), (1, Gen.Const(Weather.Busy)), (1, Gen.Const(Weather.Refused)));
        await Gen.Select(weather.Array[0, 40], Gen.Int[1, 15]).SampleAsync(
            async (days, points) =>
            {
                var server = new RunServer(days);
                var acknowledged = new List<double>();
                var unsure = new List<double>();
                await using var run = await server.Client.StartRunAsync("churn");
                for (var i = 1; i <= points; i++)
                {
                    try
                    {
                        await run.LogMetricAsync("loss", i);
                        acknowledged.Add(i);
                    }
                    catch (MlopsException e) when (e.Kind == ErrorKind.Unavailable)
                    {
                        unsure.Add(i);
                    }
                    catch (MlopsException)
                    {
                        // Refused: must not be there.
                    }
                }

                Assert.Equal(server.Applied.Order(), server.Applied);
                Assert.Equal(server.Applied.Distinct(), server.Applied);
                Assert.Empty(acknowledged.Except(server.Applied));
                Assert.Empty(server.Applied.Except(acknowledged).Except(unsure));
            },
            iter: 200);
    }

    [Fact]
    public async Task RefusedBatch_LeavesItsNumberFree()
    {
        var server = new RunServer([Weather.Refused, Weather.Fine]);
        await using var run = await server.Client.StartRunAsync("churn", cancellationToken: Cancel);

        var e = await Assert.ThrowsAsync<MlopsException>(() => run.LogParamAsync("k", "v", Cancel));
        await run.LogParamAsync("k", 1.5, Cancel);

        Assert.Equal("params[0].key", e.Field);
        Assert.Equal([1, 1], server.Sequences);
    }

    [Fact]
    public async Task Dispose_EndsFinished_Once()
    {
        var server = new RunServer([]);
        var run = await server.Client.StartRunAsync("churn", cancellationToken: Cancel);

        await run.EndAsync(cancellationToken: Cancel);
        var refused = await Assert.ThrowsAsync<MlopsException>(() => run.SetTagAsync("k", "v", Cancel));
        await run.DisposeAsync();

        Assert.Equal(["finished"], server.Ends);
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
    }

    [Fact]
    public async Task Fail_KeepsTheReason()
    {
        var server = new RunServer([]);
        await using (var run = await server.Client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            await run.FailAsync("out of memory", Cancel);
        }

        Assert.Equal(["failed"], server.Ends);
        Assert.Contains(server.Gateway.Requests, r => r.Body.Contains("\"mlops.failure\",\"value\":\"out of memory\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Track_BodyThrows_RunFails()
    {
        var server = new RunServer([]);

        await Assert.ThrowsAsync<FormatException>(() => server.Client.TrackAsync("churn", (_, _) => throw new FormatException("bad row"), cancellationToken: Cancel));
        await server.Client.TrackAsync("churn", (_, _) => Task.CompletedTask, cancellationToken: Cancel);

        Assert.Equal(["failed", "finished"], server.Ends);
    }

    [Fact]
    public async Task Track_Cancelled_RunIsKilled()
    {
        var server = new RunServer([]);
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.TrackAsync(
            "churn",
            async (_, token) =>
            {
                await cancel.CancelAsync();
                token.ThrowIfCancellationRequested();
            },
            cancellationToken: cancel.Token));

        Assert.Equal(["killed"], server.Ends);
    }

    /// <summary>What the platform promises of one run, with the network's weather before each batch; fine once the forecast is over.</summary>
    private sealed class RunServer
    {
        private const string Experiment = """{"experimentId":"7","name":"churn","artifactLocation":"a","lifecycleStage":"active","creationTime":1,"lastUpdateTime":1,"tags":[]}""";

        private readonly Queue<Weather> forecast;
        private long last;

        public RunServer(IEnumerable<Weather> forecast)
        {
            this.forecast = new(forecast);
            Gateway = new StubGateway().Then(Answer);
            Client = Gateway.Connect(configure: o => o.RetryCountMax = 2);
        }

        public StubGateway Gateway { get; }

        public MlopsGrainsClient Client { get; }

        public List<double> Applied { get; } = [];

        public List<long> Sequences { get; } = [];

        public List<string> Ends { get; } = [];

        private HttpResponseMessage Answer(StubRequest request)
        {
            if (request.Path.StartsWith("/api/v1/experiments", StringComparison.Ordinal))
            {
                return StubGateway.Answer(HttpStatusCode.OK, $$"""{"items":[{{Experiment}}],"nextPageToken":null}""");
            }

            if (request.Method == "PATCH")
            {
                var status = JsonDocument.Parse(request.Body).RootElement.GetProperty("status").GetString()!;
                Ends.Add(status);
                return StubGateway.Answer(HttpStatusCode.OK, Head(status));
            }

            return request.Path.EndsWith("/batches", StringComparison.Ordinal)
                ? Batch(JsonDocument.Parse(request.Body).RootElement)
                : StubGateway.Answer(HttpStatusCode.Created, $$"""{"info":{{Head("running")}},"metrics":[],"params":[],"tags":[],"inputs":[]}""");
        }

        private HttpResponseMessage Batch(JsonElement batch)
        {
            var sequence = batch.GetProperty("producer").GetProperty("sequence").GetInt64();
            Sequences.Add(sequence);
            var day = forecast.TryDequeue(out var next) ? next : Weather.Fine;
            switch (day)
            {
                case Weather.LostBefore:
                    throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost");
                case Weather.Busy:
                    return StubGateway.Answer(HttpStatusCode.TooManyRequests, retryAfter: "1");
                case Weather.Refused when sequence > last:
                    return StubGateway.Answer(HttpStatusCode.BadRequest, """{"detail":"no","field":"params[0].key"}""");
            }

            if (sequence > last)
            {
                last = sequence;
                Applied.AddRange(batch.GetProperty("metrics").EnumerateArray().Select(m => m.GetProperty("value").GetDouble()));
            }

            return day == Weather.LostAfter ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost") : StubGateway.Answer(HttpStatusCode.NoContent, "");
        }

        private static string Head(string status) => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"runId":"r1","experimentId":"7","runName":"n","userId":"u","status":"{{status}}","startTime":1,"endTime":null,"artifactUri":"a","lifecycleStage":"active"}""");
    }
}
