using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Conformance;

/// <summary>How MLflow's protocol is carried: routes, what is read, what is written, which errors.</summary>
public sealed class TransportTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("GET", "/api/2.0/mlflow/unknown")]
    [InlineData("POST", "/api/2.0/mlflow/runs/invent")]
    [InlineData("POST", "/api/3.0/mlflow/traces/search")]
    [InlineData("GET", "/ajax-api/2.0/mlflow/experiments/list")]
    [InlineData("GET", "/api/3.0/mlflow/datasets/search")]
    public async Task UnknownMethod_IsEndpointNotFound(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(404, (int)answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("ENDPOINT_NOT_FOUND", (string?)body["error_code"]);
    }

    [Fact]
    public async Task WrongVerb_Is405()
    {
        using var answer = await server.Http.GetAsync("/api/2.0/mlflow/runs/create", TestContext.Current.CancellationToken);

        Assert.Equal(405, (int)answer.StatusCode);
    }

    [Fact]
    public async Task EveryAnswer_ForbidsSniffingAndFrames()
    {
        foreach (var path in new[] { "/api/2.0/mlflow/experiments/get?experiment_id=0", "/api/2.0/mlflow/runs/get?run_id=none", "/health" })
        {
            using var answer = await server.Http.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("SAMEORIGIN", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        }
    }

    [Fact]
    public async Task Doubles_RoundTripExactly()
    {
        var random = new Random(17);
        double[] values =
        [
            0, 1, -0.1, 0.1 + 0.2, double.Epsilon, double.MaxValue, double.MinValue, 1e21, 1e-7, 123456789012345680,
            .. Enumerable.Range(0, 200).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64())).Where(double.IsFinite),
        ];
        var id = await mlflow.NewRunAsync();
        var points = string.Join(',', values.Select((v, i) => string.Create(CultureInfo.InvariantCulture, $$"""{"key":"m{{i}}","value":{{v:R}},"timestamp":1}""")));
        Assert.Equal(200, (await mlflow.PostAsync("/mlflow/runs/log-batch", $$"""{"run_id":"{{id}}","metrics":[{{points}}]}""")).Status);

        var stored = (await mlflow.RunAsync(id))["data"]!["metrics"]!.AsArray().ToDictionary(m => (string)m!["key"]!, m => (double)m!["value"]!);

        Assert.All(values.Select((v, i) => (v, i)), p => Assert.Equal(BitConverter.DoubleToInt64Bits(p.v), BitConverter.DoubleToInt64Bits(stored[$"m{p.i}"])));
    }

    [Fact]
    public async Task WholeNumbers_GoInAsNumberOrText_AndComeOutAsNumbers()
    {
        var id = await mlflow.NewRunAsync();
        var body = $$"""{"run_id":"{{id}}","metrics":[{"key":"low","value":1,"timestamp":"9223372036854775807","step":-9223372036854775808},{"key":"high","value":1,"timestamp":0,"step":"9223372036854775807"}]}""";
        Assert.Equal(200, (await mlflow.PostAsync("/mlflow/runs/log-batch", body)).Status);

        var metrics = (await mlflow.RunAsync(id))["data"]!["metrics"]!.AsArray().ToDictionary(m => (string)m!["key"]!, m => m!);

        Assert.Equal("9223372036854775807", metrics["low"]["timestamp"]!.ToJsonString());
        Assert.Equal("-9223372036854775808", metrics["low"]["step"]!.ToJsonString());
        Assert.Equal("9223372036854775807", metrics["high"]["step"]!.ToJsonString());
    }

    [Theory]
    [InlineData("9223372036854775808")]
    [InlineData("\"9223372036854775808\"")]
    [InlineData("1.5")]
    [InlineData("true")]
    [InlineData("{}")]
    public async Task WholeNumber_OutOfRangeOrOtherwise_Is400(string timestamp)
    {
        var id = await mlflow.NewRunAsync();

        var message = await mlflow.RefusedAsync("/mlflow/runs/log-metric", $$"""{"run_id":"{{id}}","key":"m","value":1,"timestamp":{{timestamp}}}""", 400, "INVALID_PARAMETER_VALUE");

        Assert.Contains("timestamp", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unset_IsLeftOut_AndWhatIsSetToNothingStays()
    {
        var id = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "empty", value = "" });
        await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "m", value = 0.0, timestamp = 0 });

        var run = await mlflow.RunAsync(id);

        Assert.Null(run["info"]!["end_time"]);
        Assert.Null(run["data"]!["params"]);
        Assert.Equal("{}", run["inputs"]!.ToJsonString());
        Assert.Null(run["outputs"]);
        Assert.Equal("", (string?)run["info"]!["user_id"]);
        Assert.Equal("", (string?)run["data"]!["tags"]!.AsArray().Single(t => (string?)t!["key"] == "empty")!["value"]);
        Assert.Equal("0", run["data"]!["metrics"]![0]!["step"]!.ToJsonString());
        Assert.DoesNotContain("null", run.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextOfManyBytes_ComesBackUnchanged()
    {
        var id = await mlflow.NewRunAsync();
        var value = "𝒳 ünïcode \"quoted\" \\ \n\t 日本語 \u0001";
        await mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = id, key = "größe/日本", value });

        var param = Assert.Single((await mlflow.RunAsync(id))["data"]!["params"]!.AsArray())!;

        Assert.Equal(("größe/日本", value), ((string?)param["key"], (string?)param["value"]));
    }

    /// <summary>Ten gigabytes are promised, one byte comes, and the connection is cut: nothing is stored and the server serves on.</summary>
    [Fact]
    public async Task PromisedBodyThatNeverComes_ChangesNothing()
    {
        var id = await mlflow.NewRunAsync();
        var before = (await mlflow.RunAsync(id)).ToJsonString();
        using (var socket = new System.Net.Sockets.TcpClient())
        {
            await socket.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, TestContext.Current.CancellationToken);
            var head = "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10737418240\r\n\r\n{";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), TestContext.Current.CancellationToken);
            var answer = new byte[512];
            var count = await socket.GetStream().ReadAsync(answer, TestContext.Current.CancellationToken);
            Assert.StartsWith("HTTP/1.1 413", Encoding.ASCII.GetString(answer, 0, count), StringComparison.Ordinal);
        }

        Assert.Equal(before, (await mlflow.RunAsync(id)).ToJsonString());
    }
}
