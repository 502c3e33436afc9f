using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Conformance;

/// <summary>What a run does with what it is told: names, lifecycle, metrics, params.</summary>
public sealed class RunRuleTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task NameAndNameTag_MirrorEachOther()
    {
        var experiment = await mlflow.NewExperimentAsync();
        var run = (await mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = experiment, tags = new[] { new { key = "mlflow.runName", value = "by tag" } } }))["run"]!;
        var id = (string)run["info"]!["run_id"]!;
        Assert.Equal("by tag", (string?)run["info"]!["run_name"]);

        await mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, run_name = "by update" });
        Assert.Equal("by update", await TagAsync(id, "mlflow.runName"));

        await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "mlflow.runName", value = "by set-tag" });
        Assert.Equal("by set-tag", (string?)(await mlflow.RunAsync(id))["info"]!["run_name"]);

        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id, tags = new[] { new { key = "mlflow.runName", value = "by batch" } } });
        Assert.Equal("by batch", (string?)(await mlflow.RunAsync(id))["info"]!["run_name"]);
    }

    [Fact]
    public async Task NameThatContradictsItsTag_Is400() => await mlflow.RefusedAsync(
        "/mlflow/runs/create", new { experiment_id = await mlflow.NewExperimentAsync(), run_name = "a", tags = new[] { new { key = "mlflow.runName", value = "b" } } }, 400, Invalid);

    [Fact]
    public async Task UnnamedRun_GetsAReadableName_InBothPlaces()
    {
        var run = await mlflow.RunAsync(await mlflow.NewRunAsync());

        Assert.Matches("^[a-z]+-[a-z]+-[0-9]+$", (string)run["info"]!["run_name"]!);
        Assert.Equal((string?)run["info"]!["run_name"], await TagAsync((string)run["info"]!["run_id"]!, "mlflow.runName"));
    }

    [Fact]
    public async Task FinishedRun_TakesWrites()
    {
        var id = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status = "FINISHED", end_time = 5 });

        await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "late", value = 2.5, timestamp = 1 });

        Assert.Equal(2.5, (double)(await mlflow.RunAsync(id))["data"]!["metrics"]![0]!["value"]!);
    }

    /// <summary>Greatest step, then timestamp, then value; NaN is below every number.</summary>
    [Fact]
    public async Task LatestValue_IsOfTheGreatestStepThenTimeThenValue()
    {
        var id = await mlflow.NewRunAsync();
        (double Value, long Timestamp, long Step)[] points = [(1, 100, 5), (2, 1, 6), (3, 1, 6), (2.5, 1, 6), (9, 999, 0)];
        foreach (var (value, timestamp, step) in points)
        {
            await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "m", value, timestamp, step });
        }

        var latest = Assert.Single((await mlflow.RunAsync(id))["data"]!["metrics"]!.AsArray())!;

        Assert.Equal((3.0, 1L, 6L), ((double)latest["value"]!, (long)latest["timestamp"]!, (long)latest["step"]!));
    }

    [Fact]
    public async Task History_HoldsEveryPointOnce_InOrder()
    {
        var id = await mlflow.NewRunAsync();
        var points = new[] { Point(3, 20, 1), Point(1, 10, 2), Point(2, 10, 1), Point(1, 10, 1), Point(3, 20, 1) };
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id, metrics = points });
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id, metrics = points });
        await mlflow.PostAsync("/mlflow/runs/log-batch", $$"""{"run_id":"{{id}}","metrics":[{"key":"m","value":"NaN","timestamp":30},{"key":"m","value":"NaN","timestamp":30}]}""");

        var history = (await mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={id}&metric_key=m"))["metrics"]!.AsArray();

        Assert.Equal(
            ["10/1/1", "10/1/2", "10/2/1", "20/1/3", "30/0/\"NaN\""],
            history.Select(p => $"{p!["timestamp"]}/{p["step"]}/{p["value"]!.ToJsonString()}"));

        static object Point(double value, long timestamp, long step) => new { key = "m", value, timestamp, step };
    }

    [Fact]
    public async Task LastTagOfABatch_Wins_AndRepeatedParamsMustAgree()
    {
        var id = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/log-batch", new
        {
            run_id = id,
            tags = new[] { new { key = "t", value = "1" }, new { key = "t", value = "2" } },
            @params = new[] { new { key = "p", value = "1" }, new { key = "p", value = "1" } },
        });

        Assert.Equal("2", await TagAsync(id, "t"));
        Assert.Single((await mlflow.RunAsync(id))["data"]!["params"]!.AsArray());
    }

    [Fact]
    public async Task DeletingAnExperiment_TakesItsRunsAlong_AndRestoringBringsAllBack()
    {
        var experiment = await mlflow.NewExperimentAsync();
        string[] ids = [await mlflow.NewRunAsync(experiment), await mlflow.NewRunAsync(experiment)];
        await mlflow.DoAsync("/mlflow/runs/delete", new { run_id = ids[0] });

        await mlflow.DoAsync("/mlflow/experiments/delete", new { experiment_id = experiment });
        Assert.All(await StagesAsync(), stage => Assert.Equal("deleted", stage));
        await mlflow.DoAsync("/mlflow/experiments/restore", new { experiment_id = experiment });
        Assert.All(await StagesAsync(), stage => Assert.Equal("active", stage));

        async Task<string?[]> StagesAsync() => [.. (await Task.WhenAll(ids.Select(mlflow.RunAsync))).Select(r => (string?)r["info"]!["lifecycle_stage"])];
    }

    [Fact]
    public async Task DatasetInput_IsStoredOnceByNameAndDigest()
    {
        var id = await mlflow.NewRunAsync();
        for (var i = 0; i < 2; i++)
        {
            await mlflow.DoAsync("/mlflow/runs/log-inputs", new
            {
                run_id = id,
                datasets = new[] { new { dataset = new { name = "d", digest = "1", source_type = "local", source = "x" }, tags = new[] { new { key = "mlflow.data.context", value = "train" } } } },
            });
        }

        Assert.Single((await mlflow.RunAsync(id))["inputs"]!["dataset_inputs"]!.AsArray());
    }

    [Fact]
    public async Task OneHundredWritersToOneRun_LoseNothing()
    {
        var id = await mlflow.NewRunAsync();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async writer =>
        {
            for (var i = 0; i < 10; i++)
            {
                await mlflow.DoAsync("/mlflow/runs/log-batch", new
                {
                    run_id = id,
                    metrics = new[] { new { key = "m", value = writer, timestamp = i, step = (writer * 10) + i } },
                    tags = new[] { new { key = $"t{writer}", value = $"{i}" } },
                });
            }
        }));

        var history = (await mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={id}&metric_key=m"))["metrics"]!.AsArray();
        Assert.Equal(Enumerable.Range(0, 1000), history.Select(p => (int)p!["step"]!).Order());
        var tags = (await mlflow.RunAsync(id))["data"]!["tags"]!.AsArray().ToDictionary(t => (string)t!["key"]!, t => (string)t!["value"]!);
        Assert.All(Enumerable.Range(0, 100), writer => Assert.Equal("9", tags[$"t{writer}"]));
    }

    [Fact]
    public async Task OneThousandGetOrCreateOfOneName_MakeOneExperiment()
    {
        var name = "shared " + Guid.NewGuid().ToString("N");

        var ids = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => GetOrCreateAsync()));

        Assert.Single(ids.Distinct());

        async Task<string> GetOrCreateAsync()
        {
            var at = "/mlflow/experiments/get-by-name?experiment_name=" + Uri.EscapeDataString(name);
            var (status, body) = await mlflow.GetAsync(at);
            if (status == 200)
            {
                return (string)body["experiment"]!["experiment_id"]!;
            }

            Assert.Equal("RESOURCE_DOES_NOT_EXIST", (string?)body["error_code"]);
            (status, body) = await mlflow.PostAsync("/mlflow/experiments/create", new JsonObject { ["name"] = name }.ToJsonString());
            if (status == 200)
            {
                return (string)body["experiment_id"]!;
            }

            Assert.Equal("RESOURCE_ALREADY_EXISTS", (string?)body["error_code"]);
            return (string)(await mlflow.DoAsync(at))["experiment"]!["experiment_id"]!;
        }
    }

    private async Task<string?> TagAsync(string id, string key) =>
        (string?)(await mlflow.RunAsync(id))["data"]!["tags"]!.AsArray().Single(t => (string?)t!["key"] == key)!["value"];
}
