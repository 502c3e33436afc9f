using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Conformance;

/// <summary>The calls that MLflow's own client makes for one call of a user, in its order, with what it reads from each answer.</summary>
public sealed class ClientFlowTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task LogModel_WithARegisteredName_ThenLoadByAliasLatestAndVersion()
    {
        var run = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { Metric("auc", 0.9, 1) }, @params = new[] { Pair("lr", "0.1") } });
        var name = "churn-" + Guid.NewGuid().ToString("N");

        var model = await LogModelAsync(run, name);
        var version = await RegisterAsync(name, model, run);
        Assert.Equal("1", (string?)version["version"]);
        Assert.Equal("READY", (string?)version["status"]);
        Assert.Equal(run, (string?)version["run_id"]);
        Assert.Equal("None", (string?)version["current_stage"]);
        await mlflow.DoAsync("PATCH", $"/mlflow/logged-models/{model}/tags", new { tags = new[] { Pair("mlflow.modelVersions", $$"""[{"name":"{{name}}","version":1}]""") } });

        // set_registered_model_alias
        await mlflow.DoAsync("/mlflow/registered-models/get?name=" + name);
        await mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });

        // load_model("models:/name@champion")
        var byAlias = (await mlflow.DoAsync($"/mlflow/registered-models/alias?name={name}&alias=champion"))["model_version"]!;
        Assert.Equal("1", (string?)byAlias["version"]);
        Assert.Equal(["champion"], byAlias["aliases"]!.AsArray().Select(a => (string?)a));
        await AssertLoadsAsync(name, "1");

        // load_model("models:/name/latest")
        var latest = Assert.Single((await mlflow.DoAsync("/mlflow/registered-models/get-latest-versions", new { name }))["model_versions"]!.AsArray())!;
        Assert.Equal("1", (string?)latest["version"]);

        var logged = (await mlflow.DoAsync("/mlflow/logged-models/" + model))["model"]!;
        Assert.Equal("LOGGED_MODEL_READY", (string?)logged["info"]!["status"]);
        var registration = Assert.Single(logged["info"]!["registrations"]!.AsArray())!;
        Assert.Equal((name, "1"), ((string?)registration["name"], registration["version"]!.ToString()));
        Assert.Equal(model, (string?)Assert.Single((await mlflow.RunAsync(run))["outputs"]!["model_outputs"]!.AsArray())!["model_id"]);
    }

    [Fact]
    public async Task Autolog_OfATrainer()
    {
        var experiment = await mlflow.NewExperimentAsync();
        var run = await mlflow.NewRunAsync(experiment);
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, @params = Enumerable.Range(0, 100).Select(i => Pair($"p{i}", "v")) });
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, tags = new[] { Pair("estimator_name", "RandomForestClassifier") } });
        var model = await NewModelAsync(run, "model");
        await mlflow.DoAsync("/mlflow/runs/log-inputs", new
        {
            run_id = run,
            datasets = new[] { new { tags = new[] { Pair("mlflow.data.context", "train") }, dataset = new { name = "dataset", digest = "0a1b", source_type = "code", source = "{}", schema = "{}", profile = "{}" } } },
            models = new[] { new { model_id = model } },
        });
        await mlflow.DoAsync("/mlflow/runs/outputs", new { run_id = run, models = new[] { new { model_id = model, step = 0 } } });
        await PutAsync($"{experiment}/models/{model}/artifacts/MLmodel", "flavors: {}");
        await mlflow.DoAsync("PATCH", "/mlflow/logged-models/" + model, new { model_id = model, status = "LOGGED_MODEL_READY" });
        await PutAsync($"{experiment}/{run}/artifacts/estimator.html", "<html>");
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { Metric("training_score", 0.75, 0, model, "dataset", "0a1b") } });
        await mlflow.RunAsync(run);
        await mlflow.DoAsync("/mlflow/runs/update", new { run_id = run, status = "FINISHED", end_time = 1_700_000_001_000 });

        var stored = await mlflow.RunAsync(run);
        Assert.Equal("FINISHED", (string?)stored["info"]!["status"]);
        Assert.Equal(100, stored["data"]!["params"]!.AsArray().Count);
        Assert.Equal(model, (string?)stored["inputs"]!["model_inputs"]![0]!["model_id"]);
        var metric = Assert.Single((await mlflow.DoAsync("/mlflow/logged-models/" + model))["model"]!["data"]!["metrics"]!.AsArray())!;
        Assert.Equal(("training_score", 0.75, run, model), ((string?)metric["key"], (double)metric["value"]!, (string?)metric["run_id"], (string?)metric["model_id"]));
    }

    [Fact]
    public async Task DownloadArtifacts_FindsOutWhatIsAFile()
    {
        var experiment = await mlflow.NewExperimentAsync();
        var run = await mlflow.NewRunAsync(experiment);
        await PutAsync($"{experiment}/{run}/artifacts/plots/roc curve.svg", "<svg/>");

        var root = $"{experiment}/{run}/artifacts";
        Assert.Equal("""[{"path":"plots","is_dir":true}]""", await ListAsync(root));
        Assert.Equal("""[{"path":"roc curve.svg","is_dir":false,"file_size":6}]""", await ListAsync(root + "/plots"));
        Assert.Null((await mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(root + "/plots/roc curve.svg")))["files"]);
        using var file = await server.Http.GetAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/plots/roc%20curve.svg", TestContext.Current.CancellationToken);
        Assert.Equal("<svg/>", await file.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var missing = await server.Http.GetAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/plots/none.svg", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);

        // The fallback of a download: perhaps the directory is a logged model.
        Assert.Equal("{}", (await mlflow.DoAsync("/mlflow/logged-models/search", new { experiment_ids = new[] { experiment }, filter = "name = 'plots'", max_results = 1 })).ToJsonString());

        async Task<string> ListAsync(string path) =>
            (await mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(path)))["files"]!.ToJsonString();
    }

    [Fact]
    public async Task Prompt_IsRegisteredAndLoaded()
    {
        var name = "greeting-" + Guid.NewGuid().ToString("N");
        await mlflow.RefusedAsync("/mlflow/registered-models/get?name=" + name, null, 404, "RESOURCE_DOES_NOT_EXIST");
        await mlflow.DoAsync("/mlflow/registered-models/create", new { name, tags = new[] { Pair("mlflow.prompt.is_prompt", "true") } });
        var created = (await mlflow.DoAsync("/mlflow/model-versions/create", new
        {
            name,
            source = "dummy-source",
            description = "first",
            tags = new[] { Pair("mlflow.prompt.is_prompt", "true"), Pair("mlflow.prompt.text", "Hello {{name}}"), Pair("_mlflow_prompt_type", "text") },
        }))["model_version"]!;
        Assert.Equal("1", (string?)created["version"]);
        await mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "production", version = "1" });

        var version = (await mlflow.DoAsync($"/mlflow/registered-models/alias?name={name}&alias=production"))["model_version"]!;
        Assert.Equal("Hello {{name}}", (string?)version["tags"]!.AsArray().Single(t => (string?)t!["key"] == "mlflow.prompt.text")!["value"]);
        Assert.Equal("first", (string?)version["description"]);

        // Hidden from model searches unless asked for.
        Assert.Equal("{}", (await SearchAsync($"name = '{name}'")).ToJsonString());
        Assert.Equal("{}", (await SearchAsync($"name = '{name}' AND tags.`mlflow.prompt.is_prompt` != 'true'")).ToJsonString());
        Assert.Single((await SearchAsync($"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'"))["registered_models"]!.AsArray());

        Task<JsonNode> SearchAsync(string filter) => mlflow.DoAsync("/mlflow/registered-models/search?filter=" + Uri.EscapeDataString(filter));
    }

    /// <summary>log_model: the logged model, its files, and what the run says of it.</summary>
    private async Task<string> LogModelAsync(string run, string name)
    {
        var info = (await mlflow.RunAsync(run))["info"]!;
        var model = await NewModelAsync(run, name);
        await mlflow.DoAsync("/mlflow/runs/outputs", new { run_id = run, models = new[] { new { model_id = model, step = 0 } } });
        await mlflow.RunAsync(run);
        var history = await mlflow.DoAsync($"/mlflow/metrics/get-history?run_id={run}&run_uuid={run}&metric_key=auc&max_results=25000");
        Assert.Single(history["metrics"]!.AsArray());
        await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { Metric("auc", 0.9, 1, model) } });
        var stored = (await mlflow.DoAsync("/mlflow/logged-models/" + model))["model"]!;
        Assert.Equal("LOGGED_MODEL_PENDING", (string?)stored["info"]!["status"]);
        var location = (string)stored["info"]!["artifact_uri"]!;
        Assert.Equal($"mlflow-artifacts:/{info["experiment_id"]}/models/{model}/artifacts", location);
        await PutAsync(location["mlflow-artifacts:/".Length..] + "/MLmodel", "flavors: {}");
        await PutAsync(location["mlflow-artifacts:/".Length..] + "/data/model.pkl", "bytes");
        await mlflow.DoAsync("PATCH", "/mlflow/logged-models/" + model, new { model_id = model, status = "LOGGED_MODEL_READY" });
        return model;
    }

    private async Task<JsonNode> RegisterAsync(string name, string model, string run)
    {
        await mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        await mlflow.RefusedAsync("/mlflow/registered-models/create", new { name }, 400, "RESOURCE_ALREADY_EXISTS");
        return (await mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "models:/" + model, run_id = run, model_id = model }))["model_version"]!;
    }

    private async Task<string> NewModelAsync(string run, string name)
    {
        var experiment = (string)(await mlflow.RunAsync(run))["info"]!["experiment_id"]!;
        var model = (await mlflow.DoAsync("/mlflow/logged-models", new { experiment_id = experiment, name, model_type = "classifier", source_run_id = run, @params = new[] { Pair("lr", "0.1") } }))["model"]!;
        var id = (string)model["info"]!["model_id"]!;
        Assert.Matches("^m-[0-9a-f]{32}$", id);
        return id;
    }

    private async Task AssertLoadsAsync(string name, string version)
    {
        await mlflow.DoAsync("/mlflow/registered-models/get?name=" + name);
        var uri = (string)(await mlflow.DoAsync($"/mlflow/model-versions/get-download-uri?name={name}&version={version}"))["artifact_uri"]!;
        Assert.StartsWith("mlflow-artifacts:/", uri, StringComparison.Ordinal);
        var root = uri["mlflow-artifacts:/".Length..];
        var files = (await mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + root))["files"]!.AsArray();
        Assert.Equal(["MLmodel", "data"], files.Select(f => (string)f!["path"]!).Order(StringComparer.Ordinal));
        Assert.Equal("flavors: {}", await server.Http.GetStringAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/MLmodel", TestContext.Current.CancellationToken));
    }

    private async Task PutAsync(string path, string text)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        using var answer = await server.Http.PutAsync("/api/2.0/mlflow-artifacts/artifacts/" + path.Replace(" ", "%20", StringComparison.Ordinal), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static JsonObject Pair(string key, string value) => new() { ["key"] = key, ["value"] = value };

    private static JsonObject Metric(string key, double value, long step, string? model = null, string? dataset = null, string? digest = null)
    {
        var metric = new JsonObject { ["key"] = key, ["value"] = value, ["timestamp"] = 1_700_000_000_500, ["step"] = step };
        foreach (var (name, text) in new[] { ("model_id", model), ("dataset_name", dataset), ("dataset_digest", digest) })
        {
            if (text is not null)
            {
                metric[name] = text;
            }
        }

        return metric;
    }
}
