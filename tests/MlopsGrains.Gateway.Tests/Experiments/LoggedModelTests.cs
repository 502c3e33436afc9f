using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Logged models through the tracking door.</summary>
public sealed class LoggedModelTests(ServerFixture server)
{
    private const string Root = "/mlflow/logged-models";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("/api/2.0")]
    [InlineData("/ajax-api/2.0")]
    public async Task Life_OfALoggedModel(string prefix)
    {
        var mlflow = new MlflowCaller(server.Http, prefix);
        var run = await mlflow.NewRunAsync();
        var experiment = (string)(await mlflow.RunAsync(run))["info"]!["experiment_id"]!;
        var created = (await mlflow.DoAsync(Root, new
        {
            experiment_id = experiment, name = "net", model_type = "torch", source_run_id = run,
            @params = new[] { new { key = "lr", value = "0.1" } }, tags = new[] { new { key = "team", value = "a" } },
        }))["model"]!;
        var id = (string)created["info"]!["model_id"]!;

        Assert.Matches("^m-[0-9a-f]{32}$", id);
        Assert.Equal($"mlflow-artifacts:/{experiment}/models/{id}/artifacts", (string?)created["info"]!["artifact_uri"]);
        Assert.Equal(("LOGGED_MODEL_PENDING", "net", "torch", run), ((string?)created["info"]!["status"], (string?)created["info"]!["name"], (string?)created["info"]!["model_type"], (string?)created["info"]!["source_run_id"]));
        Assert.Equal("""{"params":[{"key":"lr","value":"0.1"}]}""", created["data"]!.ToJsonString());

        await mlflow.DoAsync($"{Root}/{id}/params", new { @params = new[] { new { key = "lr", value = "0.1" }, new { key = "depth", value = "3" } } });
        Assert.Contains("lr", await mlflow.RefusedAsync($"{Root}/{id}/params", new { @params = new[] { new { key = "n", value = "1" }, new { key = "lr", value = "0.2" } } }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
        await SendAsync(HttpMethod.Patch, $"{prefix}{Root}/{id}/tags", """{"tags":[{"key":"team","value":"b"},{"key":"a/b","value":"c"}]}""");
        await SendAsync(HttpMethod.Delete, $"{prefix}{Root}/{id}/tags/a/b", null);
        Assert.Equal(404, await StatusAsync(HttpMethod.Delete, $"{prefix}{Root}/{id}/tags/a%2Fb", null));
        await SendAsync(HttpMethod.Patch, $"{prefix}{Root}/{id}", $$"""{"model_id":"{{id}}","status":"LOGGED_MODEL_READY"}""");
        Assert.Equal(400, await StatusAsync(HttpMethod.Patch, $"{prefix}{Root}/{id}", """{"status":"LOGGED_MODEL_GREAT"}"""));
        Assert.Equal(400, await StatusAsync(HttpMethod.Patch, $"{prefix}{Root}/{id}", """{"status":"LOGGED_MODEL_STATUS_UNSPECIFIED"}"""));
        Assert.Equal(400, await StatusAsync(HttpMethod.Patch, $"{prefix}{Root}/{id}", "{}"));

        var model = (await mlflow.DoAsync($"{Root}/{id}"))["model"]!;
        Assert.Equal("LOGGED_MODEL_READY", (string?)model["info"]!["status"]);
        Assert.Equal("""[{"key":"team","value":"b"}]""", model["info"]!["tags"]!.ToJsonString());
        Assert.Equal("""[{"key":"depth","value":"3"},{"key":"lr","value":"0.1"}]""", model["data"]!["params"]!.ToJsonString());

        await SendAsync(HttpMethod.Delete, $"{prefix}{Root}/{id}", null);
        await mlflow.RefusedAsync($"{Root}/{id}", null, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal(id, (string?)(await mlflow.DoAsync($"{Root}/{id}?allow_deleted=true"))["model"]!["info"]!["model_id"]);
        await mlflow.RefusedAsync($"{Root}/{id}/params", new { @params = Array.Empty<object>() }, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal("{}", (await mlflow.DoAsync(Root + "/search", new { experiment_ids = new[] { experiment } })).ToJsonString());
    }

    [Fact]
    public async Task MetricsWithAModel_ReachTheRunAndTheModel()
    {
        var run = await this.mlflow.NewRunAsync();
        var id = await NewModelAsync((string)(await this.mlflow.RunAsync(run))["info"]!["experiment_id"]!);
        await this.mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = run, key = "acc", value = 0.5, timestamp = 10, step = 1, model_id = id, dataset_name = "test", dataset_digest = "d1" });
        for (var i = 0; i < 2; i++)
        {
            await this.mlflow.DoAsync("/mlflow/runs/log-batch", new
            {
                run_id = run,
                metrics = new object[]
                {
                    new { key = "acc", value = 0.7, timestamp = 11, step = 2, model_id = id, dataset_name = "test", dataset_digest = "d1" },
                    new { key = "acc", value = 0.6, timestamp = 9, step = 1, model_id = id, dataset_name = "test", dataset_digest = "d1" },
                    new { key = "loss", value = 1.5, timestamp = 12, step = 0 },
                    new { key = "loss", value = "NaN", timestamp = 13, step = 0, model_id = id },
                },
            });
        }

        var metrics = (await this.mlflow.DoAsync($"{Root}/{id}"))["model"]!["data"]!["metrics"]!;
        Assert.Equal(
            $$"""[{"key":"acc","value":0.7,"timestamp":11,"step":2,"dataset_name":"test","dataset_digest":"d1","model_id":"{{id}}","run_id":"{{run}}"},{"key":"loss","value":"NaN","timestamp":13,"step":0,"model_id":"{{id}}","run_id":"{{run}}"}]""",
            metrics.ToJsonString());
        Assert.Equal(3, ((await this.mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={run}&metric_key=acc"))["metrics"]!.AsArray()).Count);
        Assert.Equal(2, ((await this.mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={run}&metric_key=loss"))["metrics"]!.AsArray()).Count);
    }

    [Theory]
    [InlineData("m-00000000000000000000000000000000")]
    [InlineData("nobody")]
    public async Task MetricsOfAnUnknownModel_LeaveNothingAnywhere(string model)
    {
        var run = await this.mlflow.NewRunAsync();
        var id = await NewModelAsync((string)(await this.mlflow.RunAsync(run))["info"]!["experiment_id"]!);
        object Batch(string second) => new
        {
            run_id = run,
            metrics = new object[] { new { key = "a", value = 1, timestamp = 1, model_id = id }, new { key = "b", value = 1, timestamp = 1, model_id = second } },
            tags = new[] { new { key = "t", value = "v" } },
        };

        await this.mlflow.RefusedAsync("/mlflow/runs/log-batch", Batch(model), 404, "RESOURCE_DOES_NOT_EXIST");
        await this.mlflow.RefusedAsync("/mlflow/runs/log-metric", new { run_id = run, key = "a", value = 1, timestamp = 1, model_id = model }, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Null((await this.mlflow.RunAsync(run))["data"]!["metrics"]);
        Assert.Null((await this.mlflow.DoAsync($"{Root}/{id}"))["model"]!["data"]!["metrics"]);

        await this.mlflow.DoAsync("/mlflow/runs/log-batch", Batch(id));
        Assert.Equal(2, (await this.mlflow.DoAsync($"{Root}/{id}"))["model"]!["data"]!["metrics"]!.AsArray().Count);
    }

    /// <summary>The greatest (step, timestamp, value), whatever the order of arrival, as a run's.</summary>
    [Fact]
    public async Task LatestMetric_IsOfTheGreatestStep()
    {
        var run = await this.mlflow.NewRunAsync();
        var id = (string)(await this.mlflow.DoAsync(Root, new { experiment_id = "0", name = "m", source_run_id = run }))["model"]!["info"]!["model_id"]!;
        foreach (var (step, timestamp, value) in new[] { (2, 10, 0.2), (1, 20, 0.1), (2, 10, 0.3), (2, 9, 0.9) })
        {
            await this.mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = run, key = "acc", value, timestamp, step, model_id = id });
        }

        Assert.Equal(0.3, (double)(await this.mlflow.DoAsync($"{Root}/{id}"))["model"]!["data"]!["metrics"]![0]!["value"]!);
        Assert.Equal(0.3, (double)(await this.mlflow.RunAsync(run))["data"]!["metrics"]![0]!["value"]!);
    }

    [Fact]
    public async Task Search_FiltersOrdersAndPages()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var run = await this.mlflow.NewRunAsync(experiment);
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await NewModelAsync(experiment, "n" + i, new { key = "i", value = i.ToString(System.Globalization.CultureInfo.InvariantCulture) }));
            await this.mlflow.DoAsync("/mlflow/runs/log-batch", new
            {
                run_id = run,
                metrics = new object[]
                {
                    new { key = "acc", value = i, timestamp = 1, model_id = ids[i], dataset_name = "train", dataset_digest = "x" },
                    new { key = "acc", value = 10 - i, timestamp = 1, model_id = ids[i], dataset_name = "test", dataset_digest = "y" },
                },
            });
        }

        Assert.Equal([ids[3], ids[2], ids[1], ids[0]], await FindAsync(new { experiment_ids = new[] { experiment } }));
        Assert.Equal([ids[2]], await FindAsync(new { experiment_ids = new[] { experiment }, filter = "name = 'n2'" }));
        Assert.Equal([ids[1]], await FindAsync(new { experiment_ids = new[] { experiment }, filter = "params.i = '1' AND status = 'PENDING' AND creation_timestamp > 0" }));
        Assert.Equal([ids[3]], await FindAsync(new { experiment_ids = new[] { experiment }, filter = "metrics.acc > 2", datasets = new[] { new { dataset_name = "train" } } }));
        Assert.Equal(4, (await FindAsync(new { experiment_ids = new[] { experiment }, filter = "metrics.acc > 2" })).Count);
        Assert.Empty(await FindAsync(new { experiment_ids = new[] { experiment }, filter = "metrics.acc > 2", datasets = new[] { new { dataset_name = "train", dataset_digest = "y" } } }));
        Assert.Equal(ids, await FindAsync(new { experiment_ids = new[] { experiment }, order_by = new object[] { new { field_name = "metrics.acc", ascending = false, dataset_name = "test" } } }));
        Assert.Equal(["{}"], [(await this.mlflow.DoAsync(Root + "/search", new { experiment_ids = Array.Empty<string>() })).ToJsonString()]);

        var first = await this.mlflow.DoAsync(Root + "/search", new { experiment_ids = new[] { experiment }, max_results = 3 });
        var token = (string)first["next_page_token"]!;
        Assert.Equal([ids[0]], await FindAsync(new { experiment_ids = new[] { experiment }, max_results = 3, page_token = token }));
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, max_results = 3, page_token = token, filter = "name LIKE '%'" }, "page token");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, page_token = "forged" }, "page token");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, filter = "colour = 'x'" }, "colour");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, filter = "param.i = '1'" }, "param");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, filter = "metrics.acc = 'x'" }, "metrics.acc");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, filter = "max(metrics.acc) > 1" }, "max(metrics.acc)");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, max_results = 1001 }, "max_results");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, datasets = new[] { new { dataset_digest = "x" } } }, "datasets[0].dataset_name");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, order_by = new[] { new { ascending = true } } }, "order_by[0].field_name");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, order_by = new[] { new { field_name = "name", dataset_name = "d" } } }, "name");
        await RefusedSearchAsync(new { experiment_ids = new[] { experiment }, order_by = new[] { new { field_name = "colour" } } }, "colour");
        await RefusedSearchAsync(new { experiment_ids = new[] { "x" } }, "x");
    }

    [Theory]
    [InlineData("""{"name":"x"}""", 400, "experiment_id")]
    [InlineData("""{"experiment_id":"E","name":"a/b"}""", 400, "a/b")]
    [InlineData("""{"experiment_id":"E","name":"50%"}""", 400, "50%")]
    [InlineData("""{"experiment_id":"E","name":"a.b"}""", 400, "a.b")]
    [InlineData("""{"experiment_id":"E","name":"a'b"}""", 400, "a'b")]
    [InlineData("""{"experiment_id":"E","name":" "}""", 400, "name")]
    [InlineData("""{"experiment_id":"E","source_run_id":"../x"}""", 400, "../x")]
    [InlineData("""{"experiment_id":"E","params":[{"value":"1"}]}""", 400, "params[0].key")]
    [InlineData("""{"experiment_id":"E","params":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}""", 400, "'a'")]
    [InlineData("""{"experiment_id":"E","tags":[{"key":"../a","value":"1"}]}""", 400, "tags[0].key")]
    [InlineData("""{"experiment_id":"999999999"}""", 404, "999999999")]
    [InlineData("""{"experiment_id":"what"}""", 404, "what")]
    public async Task BadModel_IsRefused_AndAGoodOneStillWorks(string json, int status, string named)
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var message = await this.mlflow.RefusedAsync(Root, json.Replace("\"E\"", $"\"{experiment}\"", StringComparison.Ordinal), status, status == 400 ? "INVALID_PARAMETER_VALUE" : "RESOURCE_DOES_NOT_EXIST");

        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Equal([await NewModelAsync(experiment)], await FindAsync(new { experiment_ids = new[] { experiment } }));
    }

    [Fact]
    public async Task ManyPairs_HoldAtTheLimitAndOneBeyond()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var id = await NewModelAsync(experiment);
        foreach (var (list, most) in new[] { ("params", 100), ("tags", 1000) })
        {
            string Pairs(int count) => JsonSerializer.Serialize(new Dictionary<string, object> { [list] = Enumerable.Range(0, count).Select(i => new { key = list + i, value = "v" }) });
            var (method, path) = list == "params" ? (HttpMethod.Post, $"/api/2.0{Root}/{id}/params") : (HttpMethod.Patch, $"/api/2.0{Root}/{id}/tags");
            Assert.Equal(400, await StatusAsync(method, path, Pairs(most + 1)));
            Assert.Equal(200, await StatusAsync(method, path, Pairs(most)));
        }
    }

    [Fact]
    public async Task DeletedExperiment_TakesNoModel()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        await this.mlflow.DoAsync("/mlflow/experiments/delete", new { experiment_id = experiment });

        Assert.Contains("'active' state", await this.mlflow.RefusedAsync(Root, new { experiment_id = experiment }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_AreListedAndServed_BelowTheModel()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var id = await NewModelAsync(experiment);
        foreach (var path in new[] { "MLmodel", "data/model.bin" })
        {
            using var content = new StringContent("flavors: {}");
            Assert.Equal(HttpStatusCode.OK, (await server.Http.PutAsync($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{id}/artifacts/{path}", content, TestContext.Current.CancellationToken)).StatusCode);
        }

        Assert.Equal(
            $$"""{"root_uri":"mlflow-artifacts:/{{experiment}}/models/{{id}}/artifacts","files":[{"path":"MLmodel","is_dir":false,"file_size":11},{"path":"data","is_dir":true}]}""",
            (await this.mlflow.DoAsync($"{Root}/{id}/artifacts/directories")).ToJsonString());
        Assert.Equal("data/model.bin", (string?)(await this.mlflow.DoAsync($"{Root}/{id}/artifacts/directories?artifact_directory_path=data"))["files"]![0]!["path"]);
        var file = await server.Http.GetAsync($"/ajax-api/2.0{Root}/{id}/artifacts/files?artifact_file_path=MLmodel", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain", file.Content.Headers.ContentType?.MediaType);
        Assert.Equal("flavors: {}", await file.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        foreach (var path in new[] { "..", "../x", "%2e%2e%2fx", "/etc/passwd", "a\\b", "C:/x" })
        {
            Assert.Equal(400, (await RawHttp.SendAsync(server.BaseAddress, "GET", $"/api/2.0{Root}/{id}/artifacts/directories?artifact_directory_path={path}")).Status);
            Assert.Equal(400, (await RawHttp.SendAsync(server.BaseAddress, "GET", $"/ajax-api/2.0{Root}/{id}/artifacts/files?artifact_file_path={path}")).Status);
        }
    }

    [Fact]
    public async Task Registration_ShowsInTheModel_AndTheClientsOwnNoteIsNotDoubled()
    {
        var id = await NewModelAsync(await this.mlflow.NewExperimentAsync());
        await server.Services.GetRequiredService<IGrainFactory>().GetGrain<ILoggedModelGrain>(id).AddRegistration(new ModelRegistration("churn", 3), TestContext.Current.CancellationToken);
        await SendAsync(HttpMethod.Patch, $"/api/2.0{Root}/{id}/tags", """{"tags":[{"key":"mlflow.modelVersions","value":"[{\"name\": \"churn\", \"version\": 3}, {\"name\": \"churn\", \"version\": \"3\"}]"}]}""");

        var info = (await this.mlflow.DoAsync($"{Root}/{id}"))["model"]!["info"]!;
        Assert.Equal("""[{"name":"churn","version":"3"}]""", info["registrations"]!.ToJsonString());
        Assert.Equal("""[{"name": "churn", "version": 3}]""", (string?)info["tags"]![0]!["value"]);
    }

    private async Task<string> NewModelAsync(string experiment, string? name = null, object? parameter = null) =>
        (string)(await this.mlflow.DoAsync(Root, new { experiment_id = experiment, name, @params = parameter is null ? [] : new[] { parameter } }))["model"]!["info"]!["model_id"]!;

    private async Task<List<string>> FindAsync(object query) =>
        [.. ((await this.mlflow.DoAsync(Root + "/search", query))["models"]?.AsArray() ?? []).Select(m => (string)m!["info"]!["model_id"]!)];

    private async Task RefusedSearchAsync(object query, string named) =>
        Assert.Contains(named, await this.mlflow.RefusedAsync(Root + "/search", query, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);

    private async Task SendAsync(HttpMethod method, string path, string? body)
    {
        Assert.Equal(200, await StatusAsync(method, path, body));
    }

    private async Task<int> StatusAsync(HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        _ = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();
        return (int)answer.StatusCode;
    }
}
