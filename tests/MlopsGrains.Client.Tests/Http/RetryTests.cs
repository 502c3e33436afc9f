using System.Net;
using Microsoft.Extensions.Time.Testing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Tests.Http;

public sealed class RetryTests
{
    private const string Model = """{"name":"m","latestVersion":1,"aliases":{},"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refused_WaitsForWhatTheServerAsks()
    {
        var time = new ImpatientTime();
        var date = (time.GetUtcNow() + TimeSpan.FromSeconds(3 + 7)).ToString("R");
        var gateway = new StubGateway().Then(HttpStatusCode.TooManyRequests, retryAfter: "3").Then(HttpStatusCode.ServiceUnavailable, retryAfter: date).Then(HttpStatusCode.OK, Model);

        await gateway.Connect(time).Models.GetAsync("m", Cancel);

        Assert.Equal([TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(7)], time.Waits);
    }

    [Theory]
    [InlineData(0, new[] { 100.0, 200, 400, 800 })]
    [InlineData(1, new[] { 200.0, 400, 800, 1000 })]
    public async Task Refused_WithoutAdvice_WaitsTwiceAsLongEachTime(double jitter, double[] expected)
    {
        var time = new ImpatientTime();
        var gateway = new StubGateway().Then(HttpStatusCode.ServiceUnavailable);

        var client = gateway.Connect(time, jitter, o => (o.RetryCountMax, o.RetryDelayMax) = (4, TimeSpan.FromSeconds(jitter == 0 ? 30 : 1)));
        var e = await Assert.ThrowsAsync<MlopsException>(() => client.Models.GetAsync("m", Cancel));

        Assert.Equal(ErrorKind.Unavailable, e.Kind);
        Assert.Equal(expected, time.Waits.Select(w => w.TotalMilliseconds));
        Assert.Equal(5, gateway.Requests.Count);
    }

    [Fact]
    public async Task Refused_ForLongerThanTheLimit_IsNotAskedAgain()
    {
        var time = new ImpatientTime();
        var gateway = new StubGateway().Then(HttpStatusCode.TooManyRequests, """{"detail":"the queue is full"}""", retryAfter: "31");

        var e = await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect(time).Models.GetAsync("m", Cancel));

        Assert.Equal((ErrorKind.Overloaded, "the queue is full"), (e.Kind, e.Message));
        Assert.Single(gateway.Requests);
        Assert.Empty(time.Waits);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    public async Task Answered_IsNotAskedAgain(int status)
    {
        var gateway = new StubGateway().Then((HttpStatusCode)status);

        await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect().Models.GetAsync("m", Cancel));

        Assert.Single(gateway.Requests);
    }

    public static TheoryData<string, int> CallsAndAttempts => new()
    {
        // What may have been done already is only repeated where twice is like once.
        { "get", 5 }, { "set-alias", 5 }, { "start-pipeline", 5 }, { "add-version", 5 }, { "batch-with-producer", 5 }, { "register-pipeline", 5 }, { "create-run", 5 }, { "create-experiment", 5 }, { "create-model", 5 },
        { "rollback", 5 },
        { "batch-without-producer", 1 }, { "infer", 1 },
    };

    [Theory]
    [MemberData(nameof(CallsAndAttempts))]
    public async Task BrokenConnection_RepeatsOnlyWhatIsSafe(string call, int attempts)
    {
        var gateway = new StubGateway().ThenFails(HttpRequestError.ResponseEnded);

        var e = await Assert.ThrowsAsync<MlopsException>(() => Make(call, gateway.Connect()));

        Assert.Equal(ErrorKind.Unavailable, e.Kind);
        Assert.Equal(attempts, gateway.Requests.Count);
        Assert.Single(gateway.Requests.Distinct()); // The same idempotency key each time.
    }

    [Theory]
    [InlineData("create-run", 5)]
    [InlineData("infer", 5)]
    [InlineData("rollback", 5)]
    [InlineData("batch-without-producer", 1)]
    public async Task Refused_NothingWasDone_RepeatsMore(string call, int attempts)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.ServiceUnavailable);

        await Assert.ThrowsAsync<MlopsException>(() => Make(call, gateway.Connect()));

        Assert.Equal(attempts, gateway.Requests.Count);
    }

    [Fact]
    public async Task Upload_IsRepeatedFromWhereItBegan()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.BadGateway).Then(HttpStatusCode.Created, """{"digest":"d","length":3}""");
        using var content = new MemoryStream("xabc"u8.ToArray()) { Position = 1 };

        await gateway.Connect().Blobs.UploadAsync(content, Cancel);

        Assert.Equal(["abc", "abc"], gateway.Requests.Select(r => r.Body));
        Assert.True(content.CanRead); // It stays the caller's.
    }

    [Fact]
    public async Task NoAnswer_WithinTheLimit_IsUnavailable()
    {
        var time = new FakeTimeProvider();
        using var gateway = new SilentGateway();
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { Timeout = TimeSpan.FromSeconds(7), RetryCountMax = 0 }, gateway, time);

        var call = client.GetInfoAsync(Cancel);
        await gateway.Asked;
        time.Advance(TimeSpan.FromSeconds(7));
        var e = await Assert.ThrowsAsync<MlopsException>(() => call);

        Assert.Equal(ErrorKind.Unavailable, e.Kind);
        Assert.Contains("within 7 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_IsNotRepeated()
    {
        using var gateway = new SilentGateway();
        using var client = MlopsGrainsClient.Create(null, gateway);
        using var cancel = new CancellationTokenSource();

        var call = client.GetInfoAsync(cancel.Token);
        await gateway.Asked;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private static Task Make(string call, MlopsGrainsClient client) => call switch
    {
        "get" => client.Runs.GetAsync("r", Cancel),
        "set-alias" => client.Models.SetAliasAsync("m", "champion", 1, Cancel),
        "start-pipeline" => client.Pipelines.StartAsync("p", cancellationToken: Cancel),
        "register-pipeline" => client.Pipelines.RegisterAsync("name: p", Cancel),
        "add-version" => client.Models.AddVersionAsync("m", new("mlnet", new("d", 1), new([], []), new(), new Dictionary<string, double>()), Cancel),
        "batch-with-producer" => client.Runs.LogBatchAsync("r", new RunBatch(MetricColumns.Empty, [], [new Tag("k", "v")], new ProducerPosition("p", 1)), Cancel),
        "batch-without-producer" => client.Runs.LogBatchAsync("r", new RunBatch(MetricColumns.Empty, [], [new Tag("k", "v")]), Cancel),
        "create-run" => client.Runs.CreateAsync(new NewRun("0"), Cancel),
        "create-experiment" => client.Experiments.CreateAsync(new NewExperiment("e"), Cancel),
        "create-model" => client.Models.CreateAsync("m", cancellationToken: Cancel),
        "rollback" => client.Deployments.RollbackAsync("d", Cancel),
        "infer" => client.Inference.InferAsync("d", [Columns.Of("x", 1.0)], Cancel),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    private sealed class SilentGateway : HttpMessageHandler
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => asked.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
