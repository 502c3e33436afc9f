using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>The table of metrics in the operator's guide against what the server has.</summary>
public sealed partial class MetricsTests(ServerFixture server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryInstrument_IsDocumented()
    {
        await UseEverythingAsync();
        var documented = Row().Matches(await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "docs", "operations.md"), Token)).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(documented, Instruments().Order(StringComparer.Ordinal));
    }

    /// <summary>The platform's instruments in this process, as Prometheus names them.</summary>
    private static IReadOnlyCollection<string> Instruments()
    {
        var names = new ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                // The client tells about the program that uses it.
                if (instrument.Meter.Name.StartsWith("MlopsGrains.", StringComparison.Ordinal) && instrument.Meter.Name != "MlopsGrains.Client")
                {
                    names.Add(instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "") + (instrument is Counter<long> ? "_total" : ""));
                }
            },
        };
        listener.Start();
        return [.. names.Distinct()];
    }

    private async Task UseEverythingAsync()
    {
        var run = (await SendAsync("/api/2.0/mlflow/runs/create", new { experiment_id = "0" })).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString();
        await SendAsync("/api/2.0/mlflow/runs/log-metric", new { run_id = run, key = "m", value = 1, timestamp = 1 });
        await SendAsync("/api/2.0/mlflow/runs/update", new { run_id = run, status = "FINISHED" });
        await server.Http.GetAsync("/api/2.0/mlflow/webhooks", Token);
        var iris = await Deployed.Iris(server);
        var input = (string name) => new { name, datatype = "FP32", shape = new[] { 1 }, data = new[] { 1.5 } };
        await SendAsync($"/v2/models/{iris}/infer", new { inputs = new[] { input("sepal_length_cm"), input("sepal_width_cm"), input("petal_length_cm"), input("petal_width_cm") } });
        await Deployed.Send(server, HttpMethod.Post, "/api/v1/pipelines", new StringContent("name: metrics\nsteps: [{name: a, uses: dataset/load, with: {dataset: there-is-none}}]", Encoding.UTF8, "application/yaml"));
        await SendAsync("/api/v1/pipelines/metrics/runs", new { });
    }

    private Task<System.Text.Json.JsonElement> SendAsync(string path, object body) => Deployed.Send(server, HttpMethod.Post, path, JsonContent.Create(body));

    [GeneratedRegex(@"^\| `(mlops_[a-z_]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();
}
