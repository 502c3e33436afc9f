using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>What the unmodified client does for a training script, request by request.</summary>
public sealed class MlflowFlowTests(ServerFixture server)
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("/api/2.0")]
    [InlineData("/ajax-api/2.0")]
    public async Task TrainingScript_LogsItsRun_ByBothPrefixes(string prefix)
    {
        var mlflow = new MlflowCaller(server.Http, prefix);
        var name = "churn " + Guid.NewGuid().ToString("N");

        // set_experiment
        await mlflow.RefusedAsync("/mlflow/experiments/get-by-name?experiment_name=" + Uri.EscapeDataString(name), null, 404, "RESOURCE_DOES_NOT_EXIST");
        var experiment = (string)(await mlflow.DoAsync("/mlflow/experiments/create", new { name }))["experiment_id"]!;
        var created = (await mlflow.DoAsync("/mlflow/experiments/get?experiment_id=" + experiment))["experiment"]!;
        Assert.Equal(name, (string?)created["name"]);
        Assert.Equal("active", (string?)created["lifecycle_stage"]);
        Assert.Equal($"mlflow-artifacts:/{experiment}", (string?)created["artifact_location"]);
        Assert.Null(created["tags"]);

        // start_run
        var run = (await mlflow.DoAsync("/mlflow/runs/create", new
        {
            experiment_id = experiment,
            user_id = "ada",
            run_name = "first",
            start_time = 1_700_000_000_000,
            tags = new[] { new { key = "mlflow.user", value = "ada" }, new { key = "mlflow.runName", value = "first" } },
        }))["run"]!;
        var id = (string)run["info"]!["run_id"]!;
        Assert.Matches("^[0-9a-f]{32}$", id);
        Assert.Equal(id, (string?)run["info"]!["run_uuid"]);
        Assert.Equal("RUNNING", (string?)run["info"]!["status"]);
        Assert.Equal(1_700_000_000_000, (long)run["info"]!["start_time"]!);
        Assert.Null(run["info"]!["end_time"]);
        Assert.Equal($"mlflow-artifacts:/{experiment}/{id}/artifacts", (string?)run["info"]!["artifact_uri"]);
        Assert.Equal("{}", run["inputs"]!.ToJsonString());

        // log_param, log_metric, log_batch, set_tag, log_input
        await mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = id, run_uuid = id, key = "trainer", value = "fast-tree" });
        await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, run_uuid = id, key = "auc", value = 0.91, timestamp = 1_700_000_000_001, step = 1 });
        await mlflow.DoAsync("/mlflow/runs/log-batch", new
        {
            run_id = id,
            metrics = new[] { new { key = "loss", value = 0.1 + 0.2, timestamp = 5, step = 0 }, new { key = "loss", value = 0.25, timestamp = 6, step = 1 } },
            @params = new[] { new { key = "depth", value = "6" } },
            tags = new[] { new { key = "stage", value = "dev" } },
        });
        await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, run_uuid = id, key = "stage", value = "test" });
        await mlflow.DoAsync("/mlflow/runs/log-inputs", new
        {
            run_id = id,
            datasets = new[] { new { tags = new[] { new { key = "mlflow.data.context", value = "training" } }, dataset = new { name = "d", digest = "1", source_type = "local", source = "{}" } } },
        });

        // log_text
        var uri = (string)(await mlflow.RunAsync(id))["info"]!["artifact_uri"]!;
        using var text = new StringContent("hello");
        var put = await server.Http.PutAsync($"{prefix}/mlflow-artifacts/artifacts/{uri["mlflow-artifacts:/".Length..]}/notes/read%20me.txt", text, TestContext.Current.CancellationToken);
        Assert.Equal("{}", await put.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        // end_run
        var ended = (await mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, run_uuid = id, status = "FINISHED", end_time = 1_700_000_009_000 }))["run_info"]!;
        Assert.Equal("FINISHED", (string?)ended["status"]);

        var stored = await mlflow.RunAsync(id);
        Assert.Equal(1_700_000_009_000, (long)stored["info"]!["end_time"]!);
        Assert.Equal([("auc", "0.91", 1L), ("loss", "0.25", 1L)], Metrics(stored["data"]!["metrics"]!).Order());
        Assert.Equal([("depth", "6"), ("trainer", "fast-tree")], Pairs(stored["data"]!["params"]!).Order());
        Assert.Contains(("stage", "test"), Pairs(stored["data"]!["tags"]!));
        Assert.Contains(("mlflow.runName", "first"), Pairs(stored["data"]!["tags"]!));
        Assert.Equal("training", (string?)stored["inputs"]!["dataset_inputs"]![0]!["tags"]![0]!["value"]);

        // get_metric_history, list_artifacts, download, search_runs
        var history = await mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={id}&run_uuid={id}&metric_key=loss&max_results=25000");
        Assert.Equal([("loss", "0.30000000000000004", 0L), ("loss", "0.25", 1L)], Metrics(history["metrics"]!));
        Assert.Null(history["next_page_token"]);
        var files = await mlflow.DoAsync($"/mlflow/artifacts/list?run_id={id}&path=notes");
        Assert.Equal(uri, (string?)files["root_uri"]);
        Assert.Equal("""[{"path":"notes/read me.txt","is_dir":false,"file_size":5}]""", files["files"]!.ToJsonString());
        Assert.Equal("hello", await server.Http.GetStringAsync($"/get-artifact?run_id={id}&path=notes/read%20me.txt", TestContext.Current.CancellationToken));
        var found = await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, filter = "metrics.loss < 0.3 and params.depth = '6'", max_results = 10 });
        Assert.Equal(id, (string?)Assert.Single(found["runs"]!.AsArray())!["info"]!["run_id"]);
    }

    /// <summary>A letter outside the basic plane is one character, though it takes two UTF-16 units.</summary>
    [Fact]
    public async Task Lengths_CountCharacters()
    {
        var run = await this.mlflow.NewRunAsync();
        string Letters(int count) => string.Concat(Enumerable.Repeat("\U0001D49C", count));
        await this.mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = run, key = Letters(250), value = Letters(6000) });
        await this.mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, @params = new[] { new { key = "p", value = Letters(6001) } }, tags = new[] { new { key = "t", value = Letters(8001) } } });
        Assert.Contains("exceeds the maximum length of 250 characters; it has 251", await this.mlflow.RefusedAsync("/mlflow/runs/log-parameter", new { run_id = run, key = Letters(251), value = "" }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);

        var data = (await this.mlflow.RunAsync(run))["data"]!;
        Assert.Equal(new[] { (Letters(250), Letters(6000)), ("p", Letters(6000)) }.ToHashSet(), Pairs(data["params"]!).ToHashSet());
        Assert.Contains(("t", Letters(8000)), Pairs(data["tags"]!));
    }

    /// <summary>At its limit with quotes all over, which take two bytes each on the wire; one beyond; and more than the journal takes at once, because its letters take three.</summary>
    [Fact]
    public async Task ProfileOfADataset_HoldsAtTheLimitAndOneBeyond()
    {
        const int Most = 16_777_215;
        var run = await this.mlflow.NewRunAsync();
        object Inputs(string profile) => new { run_id = run, datasets = new[] { new { dataset = new { name = "d", digest = "1", source_type = "local", source = "x", profile } } } };
        Assert.Contains("profile", await this.mlflow.RefusedAsync("/mlflow/runs/log-inputs", Inputs(new string('x', Most + 1)), 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
        using (var tooMuch = new StringContent(JsonSerializer.Serialize(Inputs(new string('\u6570', 12_000_000)), Relaxed), System.Text.Encoding.UTF8, "application/json"))
        {
            Assert.Equal(413, (int)(await server.Http.PostAsync("/api/2.0/mlflow/runs/log-inputs", tooMuch, TestContext.Current.CancellationToken)).StatusCode);
        }

        var profile = string.Concat(Enumerable.Repeat("{\"a\":1}", Most / 7));
        Assert.Equal(Most, profile.Length);
        using (var good = new StringContent(
            JsonSerializer.Serialize(Inputs(profile), Relaxed), System.Text.Encoding.UTF8, "application/json"))
        {
            Assert.Equal(200, (int)(await server.Http.PostAsync("/api/2.0/mlflow/runs/log-inputs", good, TestContext.Current.CancellationToken)).StatusCode);
        }

        Assert.Equal(profile, (string?)(await this.mlflow.RunAsync(run))["inputs"]!["dataset_inputs"]![0]!["dataset"]!["profile"]);
    }

    [Fact]
    public async Task Inputs_AreStoredAllOrNone()
    {
        var run = await this.mlflow.NewRunAsync();
        var datasets = new[] { new { dataset = new { name = "iris", digest = "d1", source_type = "local", source = "x" } } };
        await this.mlflow.RefusedAsync("/mlflow/runs/log-inputs", new { run_id = run, datasets, models = new[] { new { model_id = "m-1" }, new { model_id = "../x" } } }, 400, "INVALID_PARAMETER_VALUE");
        Assert.Null((await this.mlflow.RunAsync(run))["inputs"]?["dataset_inputs"]);
        await this.mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = run, datasets, models = new[] { new { model_id = "m-1" } } });
        var inputs = (await this.mlflow.RunAsync(run))["inputs"]!;
        Assert.Equal("iris", (string?)Assert.Single(inputs["dataset_inputs"]!.AsArray())!["dataset"]!["name"]);
        Assert.Equal("m-1", (string?)Assert.Single(inputs["model_inputs"]!.AsArray())!["model_id"]);
    }

    /// <summary>An empty name, in either place, is no name.</summary>
    [Fact]
    public async Task EmptyRunName_IsReplaced()
    {
        foreach (var (name, tag, expected) in new[] { ("", "", null), ("given", "", "given"), ("", "tagged", "tagged") })
        {
            var body = new { experiment_id = "0", run_name = name, tags = new[] { new { key = "mlflow.runName", value = tag } } };
            var run = (await this.mlflow.DoAsync("/mlflow/runs/create", body))["run"]!;
            var made = (string)run["info"]!["run_name"]!;
            Assert.Equal(expected ?? made, made);
            Assert.NotEmpty(made);
            Assert.Equal(("mlflow.runName", made), Assert.Single(Pairs(run["data"]!["tags"]!)));
        }
    }

    [Fact]
    public async Task Models_OfARun_AreItsInputsAndOutputs()
    {
        var id = await this.mlflow.NewRunAsync();
        Assert.Null((await this.mlflow.RunAsync(id))["outputs"]);

        await this.mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = id, models = new[] { new { model_id = "m-1" } } });
        await this.mlflow.DoAsync("/mlflow/runs/outputs", new { run_id = id, models = new[] { new { model_id = "m-2", step = 7 } } });
        await this.mlflow.DoAsync("/mlflow/runs/outputs", new { run_id = id, models = new[] { new { model_id = "m-2", step = 7 } } });
        await this.mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = id });
        await this.mlflow.DoAsync("/mlflow/runs/log-model", new { run_id = id, model_json = """{"artifact_path":"m","flavors":{},"utc_time_created":"t","run_id":"r"}""" });

        var run = await this.mlflow.RunAsync(id);
        Assert.Equal("""{"model_inputs":[{"model_id":"m-1"}]}""", run["inputs"]!.ToJsonString());
        Assert.Equal("""{"model_outputs":[{"model_id":"m-2","step":7}]}""", run["outputs"]!.ToJsonString());
        Assert.Contains("mlflow.log-model.history", Pairs(run["data"]!["tags"]!).Select(t => t.Key));
    }

    [Fact]
    public async Task Resume_KeepsTheEndTime_AndWritesOn()
    {
        var id = await this.mlflow.NewRunAsync();
        await this.mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status = 3, end_time = "1700000000005" });

        await this.mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status = "RUNNING" });
        await this.mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "m", value = 1, timestamp = 1 });

        var run = await this.mlflow.RunAsync(id);
        Assert.Equal("RUNNING", (string?)run["info"]!["status"]);
        Assert.Equal(1_700_000_000_005, (long)run["info"]!["end_time"]!);
        Assert.Single(run["data"]!["metrics"]!.AsArray());
    }

    [Fact]
    public async Task NotANumberAndInfinity_GoInAndOutAsText()
    {
        var id = await this.mlflow.NewRunAsync();
        string[] values = ["NaN", "Infinity", "-Infinity"];
        var points = string.Join(',', values.Select((v, i) => $$"""{"key":"m{{i}}","value":"{{v}}","timestamp":"{{i}}","step":"{{-i}}"}"""));
        Assert.Equal(200, (await this.mlflow.PostAsync("/mlflow/runs/log-batch", $$"""{"run_id":"{{id}}","metrics":[{{points}}]}""")).Status);

        var metrics = Metrics((await this.mlflow.RunAsync(id))["data"]!["metrics"]!);

        Assert.Equal([("m0", "\"NaN\"", 0L), ("m1", "\"Infinity\"", -1L), ("m2", "\"-Infinity\"", -2L)], metrics.Order());
    }

    [Fact]
    public async Task Fields_AreTakenInEveryFormThatClientsSend()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var message = $$"""{"experimentId":{{experiment}},"runName":"camel","startTime":"1700000000000","unknown":{"a":[1]},"tags":null}""";
        var (status, body) = await this.mlflow.PostAsync("/mlflow/runs/create", message, "application/json; charset=utf-8");
        Assert.Equal(200, status);
        Assert.Equal("camel", (string?)body["run"]!["info"]!["run_name"]);
        var id = (string)body["run"]!["info"]!["run_id"]!;

        var inner = JsonSerializer.Serialize($$"""{"run_uuid":"{{id}}","key":"k","value":""}""");
        Assert.Equal(200, (await this.mlflow.PostAsync("/mlflow/runs/set-tag", inner)).Status);
        Assert.Contains(("k", ""), Pairs((await this.mlflow.RunAsync(id))["data"]!["tags"]!));
    }

    [Fact]
    public async Task RunWithoutExperiment_GoesToTheDefaultOne()
    {
        var run = (await this.mlflow.DoAsync("/mlflow/runs/create", new { }))["run"]!["info"]!;

        Assert.Equal("0", (string?)run["experiment_id"]);
        Assert.False(string.IsNullOrEmpty((string?)run["run_name"]));
    }

    [Fact]
    public async Task Experiment_LivesThroughItsWholeLife()
    {
        var name = "life-" + Guid.NewGuid().ToString("N");
        var id = (string)(await this.mlflow.DoAsync("/mlflow/experiments/create", new { name, tags = new[] { new { key = "team", value = "a" } } }))["experiment_id"]!;
        var run = await this.mlflow.NewRunAsync(id);
        await this.mlflow.RefusedAsync("/mlflow/experiments/create", new { name }, 400, "RESOURCE_ALREADY_EXISTS");

        await this.mlflow.DoAsync("/mlflow/experiments/update", new { experiment_id = id, new_name = name + "2" });
        await this.mlflow.DoAsync("/mlflow/experiments/set-experiment-tag", new { experiment_id = id, key = "note", value = "b" });
        await this.mlflow.DoAsync("/mlflow/experiments/delete-experiment-tag", new { experiment_id = id, key = "team" });
        await this.mlflow.RefusedAsync("/mlflow/experiments/delete-experiment-tag", new { experiment_id = id, key = "team" }, 404, "RESOURCE_DOES_NOT_EXIST");
        var experiment = (await this.mlflow.DoAsync($"/mlflow/experiments/get-by-name?experiment_name={name}2"))["experiment"]!;
        Assert.Equal([("note", "b")], Pairs(experiment["tags"]!));

        await this.mlflow.DoAsync("/mlflow/experiments/delete", new { experiment_id = id });
        await this.mlflow.RefusedAsync("/mlflow/experiments/delete", new { experiment_id = id }, 404, "RESOURCE_DOES_NOT_EXIST");
        await this.mlflow.RefusedAsync("/mlflow/experiments/update", new { experiment_id = id, new_name = name + "3" }, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync("/mlflow/runs/create", new { experiment_id = id }, 400, "INVALID_PARAMETER_VALUE");
        Assert.Equal("deleted", (string?)(await this.mlflow.RunAsync(run))["info"]!["lifecycle_stage"]);
        var filter = $"name = '{name}2'";
        var search = await this.mlflow.DoAsync("/mlflow/experiments/search", new { max_results = 1000, view_type = "DELETED_ONLY", filter });
        Assert.Single(search["experiments"]!.AsArray());
        Assert.Equal("{}", (await this.mlflow.DoAsync("/mlflow/experiments/search?max_results=5&filter=" + Uri.EscapeDataString(filter))).ToJsonString());

        await this.mlflow.DoAsync("/mlflow/experiments/restore", new { experiment_id = id });
        await this.mlflow.RefusedAsync("/mlflow/experiments/restore", new { experiment_id = id }, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal("active", (string?)(await this.mlflow.RunAsync(run))["info"]!["lifecycle_stage"]);
    }

    [Fact]
    public async Task DeletedRun_TakesNoWrites_UntilRestored()
    {
        var id = await this.mlflow.NewRunAsync();
        await this.mlflow.DoAsync("/mlflow/runs/delete", new { run_id = id });
        await this.mlflow.DoAsync("/mlflow/runs/delete", new { run_id = id });

        await this.mlflow.RefusedAsync("/mlflow/runs/set-tag", new { run_id = id, key = "k", value = "v" }, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync("/mlflow/runs/update", new { run_id = id, status = "FINISHED" }, 400, "INVALID_PARAMETER_VALUE");

        await this.mlflow.DoAsync("/mlflow/runs/restore", new { run_id = id });
        await this.mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "k", value = "v" });
        await this.mlflow.DoAsync("/mlflow/runs/delete-tag", new { run_id = id, key = "k" });
        await this.mlflow.RefusedAsync("/mlflow/runs/delete-tag", new { run_id = id, key = "k" }, 404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public async Task Batch_IsAllOrNothing_AndParamsKeepTheirValue()
    {
        var id = await this.mlflow.NewRunAsync();
        await this.mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = id, key = "p", value = "1" });
        await this.mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = id, key = "p", value = "1" });
        var conflict = new
        {
            run_id = id,
            metrics = new[] { new { key = "m", value = 1, timestamp = 1 } },
            @params = new[] { new { key = "q", value = "2" }, new { key = "p", value = "2" } },
        };
        await this.mlflow.RefusedAsync("/mlflow/runs/log-batch", conflict, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id });

        var data = (await this.mlflow.RunAsync(id))["data"]!;
        Assert.Equal([("p", "1")], Pairs(data["params"]!));
        Assert.Null(data["metrics"]);
    }

    [Fact]
    public async Task History_WithoutAPageSize_IsServedInFull_AndPages()
    {
        var id = await this.mlflow.NewRunAsync();
        await this.mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = id, metrics = Enumerable.Range(0, 7).Select(i => new { key = "m", value = i, timestamp = i, step = i }) });
        var at = $"/mlflow/metrics/get-history?run_id={id}&metric_key=";

        Assert.Equal(7, (await this.mlflow.DoAsync(at + "m"))["metrics"]!.AsArray().Count);
        var steps = new List<long>();
        var token = "";
        do
        {
            var page = await this.mlflow.DoAsync($"{at}m&max_results=3&page_token={Uri.EscapeDataString(token)}");
            steps.AddRange(Metrics(page["metrics"]!).Select(m => m.Step));
            token = (string?)page["next_page_token"] ?? "";
        }
        while (token.Length > 0);

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], steps);
        Assert.Equal("{}", (await this.mlflow.DoAsync(at + "none")).ToJsonString());
        Assert.Equal("{}", (await this.mlflow.DoAsync("/mlflow/metrics/get-history?run_id=none&metric_key=m")).ToJsonString());
        await this.mlflow.RefusedAsync(at + "m&max_results=25001", null, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync(at + "m&page_token=%7Bbad", null, 400, "INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task HistoriesOfSeveralRuns_ComeTogether_AndAtTheSameSteps()
    {
        var (a, b) = (await this.mlflow.NewRunAsync(), await this.mlflow.NewRunAsync());
        await LogAsync(a, Enumerable.Range(0, 100));
        await LogAsync(b, Enumerable.Range(-5, 30).Select(i => i * 10));
        var runs = $"run_id={a}&run_id={b}&run_id=none&metric_key=m";

        var bulk = (await this.mlflow.DoAsync($"/mlflow/metrics/get-history-bulk?{runs}"))["metrics"]!.AsArray();
        Assert.Equal(130, bulk.Count);
        Assert.Equal(bulk.Select(m => (string)m!["run_id"]!).Order(StringComparer.Ordinal), bulk.Select(m => (string)m!["run_id"]!));
        Assert.Equal(101, (await this.mlflow.DoAsync($"/mlflow/metrics/get-history-bulk?{runs}&max_results=101"))["metrics"]!.AsArray().Count);

        // The rule: of the 115 distinct steps from 0 on those at places 0, 23, 46, 69, 92, the last one, and each run's first and last.
        var interval = $"/mlflow/metrics/get-history-bulk-interval?{runs.Replace("run_id", "run_ids", StringComparison.Ordinal)}";
        var sampled = (await this.mlflow.DoAsync($"{interval}&max_results=5"))["metrics"]!.AsArray();
        Assert.Equal([0, 23, 46, 69, 92, 99], Steps(sampled, a));
        Assert.Equal([0, 240], Steps(sampled, b));
        Assert.Equal([-20, -10, 0], Steps((await this.mlflow.DoAsync($"{interval}&start_step=-20&end_step=5"))["metrics"]!.AsArray(), b));
        Assert.Equal("{}", (await this.mlflow.DoAsync(interval.Replace("=m", "=other", StringComparison.Ordinal))).ToJsonString());

        await this.mlflow.RefusedAsync($"{interval}&start_step=1", null, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync($"{interval}&start_step=2&end_step=1", null, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync($"{interval}&max_results=2501", null, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync("/mlflow/metrics/get-history-bulk-interval?metric_key=m", null, 400, "INVALID_PARAMETER_VALUE");
        await this.mlflow.RefusedAsync("/mlflow/metrics/get-history-bulk?metric_key=m" + string.Concat(Enumerable.Repeat("&run_id=x", 101)), null, 400, "INVALID_PARAMETER_VALUE");

        Task LogAsync(string run, IEnumerable<int> steps) =>
            this.mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, metrics = steps.Select(i => new { key = "m", value = i, timestamp = i + 100, step = i }) });

        static IEnumerable<long> Steps(JsonArray metrics, string run) => metrics.Where(m => (string?)m!["run_id"] == run).Select(m => (long)m!["step"]!);
    }

    [Fact]
    public async Task Service_TellsThatItIsWell_AndHowNew()
    {
        Assert.Equal("OK", await server.Http.GetStringAsync("/health", TestContext.Current.CancellationToken));
        Assert.Equal("3.6.0", await server.Http.GetStringAsync("/version", TestContext.Current.CancellationToken));
    }

    private static List<(string Key, string Value, long Step)> Metrics(JsonNode metrics) =>
        [.. metrics.AsArray().Select(m => ((string)m!["key"]!, m["value"]!.ToJsonString(), long.Parse(m["step"]!.ToJsonString(), CultureInfo.InvariantCulture)))];

    private static List<(string Key, string Value)> Pairs(JsonNode pairs) => [.. pairs.AsArray().Select(p => ((string)p!["key"]!, (string)p["value"]!))];
}
