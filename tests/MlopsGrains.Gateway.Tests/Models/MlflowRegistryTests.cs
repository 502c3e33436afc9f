using System.Globalization;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Models;

/// <summary>What unmodified clients do with the registry, request by request, and the rules of each method.</summary>
public sealed class MlflowRegistryTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";
    private const string Absent = "RESOURCE_DOES_NOT_EXIST";
    private const string Taken = "RESOURCE_ALREADY_EXISTS";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("/api/2.0")]
    [InlineData("/ajax-api/2.0")]
    public async Task RegisterAndLoad_ByNameAliasAndLatest(string prefix)
    {
        var mlflow = new MlflowCaller(server.Http, prefix);
        var name = "churn model " + Guid.NewGuid().ToString("N");
        var run = await mlflow.NewRunAsync();
        var artifacts = (string)(await mlflow.RunAsync(run))["info"]!["artifact_uri"]!;

        // register_model
        await mlflow.RefusedAsync(Get(name), null, 404, Absent);
        var model = (await mlflow.DoAsync("/mlflow/registered-models/create", new { name }))["registered_model"]!;
        Assert.Equal(name, (string?)model["name"]);
        Assert.Equal("", (string?)model["description"]);
        Assert.Equal(["creation_timestamp", "description", "last_updated_timestamp", "name", "user_id"], Members(model));
        Assert.Contains("already exists", await mlflow.RefusedAsync("/mlflow/registered-models/create", new { name }, 400, Taken), StringComparison.Ordinal);
        var version = (await mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = artifacts + "/model", run_id = run, tags = new[] { new { key = "k", value = "v" } } }))["model_version"]!;
        Assert.Equal("1", (string?)version["version"]);
        Assert.Equal("None", (string?)version["current_stage"]);
        Assert.Equal("READY", (string?)version["status"]);
        Assert.Equal(artifacts + "/model", (string?)version["source"]);
        Assert.Equal(run, (string?)version["run_id"]);
        Assert.Equal("", (string?)version["run_link"]);
        Assert.Equal("""[{"key":"k","value":"v"}]""", version["tags"]!.ToJsonString());
        Assert.Equal(
            ["creation_timestamp", "current_stage", "description", "last_updated_timestamp", "name", "run_id", "run_link", "source", "status", "tags", "user_id", "version"], Members(version));

        // set_registered_model_alias, load_model("models:/n@champion")
        await mlflow.DoAsync(Get(name));
        await mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });
        var byAlias = (await mlflow.DoAsync($"/mlflow/registered-models/alias?name={Uri.EscapeDataString(name)}&alias=champion"))["model_version"]!;
        Assert.Equal("1", (string?)byAlias["version"]);
        Assert.Equal("""["champion"]""", byAlias["aliases"]!.ToJsonString());
        Assert.Equal("""[{"alias":"champion","version":"1"}]""", (await mlflow.DoAsync(Get(name)))["registered_model"]!["aliases"]!.ToJsonString());
        Assert.Equal(artifacts + "/model", (string?)(await mlflow.DoAsync(Version("get-download-uri", name, 1)))["artifact_uri"]);

        // load_model("models:/n/latest")
        await mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://bucket/model" });
        var latest = await mlflow.DoAsync("/mlflow/registered-models/get-latest-versions", new { name });
        Assert.Equal("2", (string?)Assert.Single(latest["model_versions"]!.AsArray())!["version"]);
        Assert.Equal("2", (string?)(await mlflow.DoAsync($"/mlflow/registered-models/alias?name={Uri.EscapeDataString(name)}&alias=latest"))["model_version"]!["version"]);
        Assert.Equal("s3://bucket/model", (string?)(await mlflow.DoAsync(Version("get-download-uri", name, 2)))["artifact_uri"]);
    }

    /// <summary>MLflow reserves <c>latest</c> and <c>v7</c> alone; a version's own number never loses to an alias of the same digits.</summary>
    [Fact]
    public async Task AliasOfDigits_IsFound_AndHidesNoVersion()
    {
        var name = "digits-" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        for (var i = 0; i < 2; i++)
        {
            await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://b/m" + i });
        }

        await this.mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "2", version = "1" });
        Assert.Equal("1", (string?)(await this.mlflow.DoAsync($"/mlflow/registered-models/alias?name={name}&alias=2"))["model_version"]!["version"]);
        Assert.Equal("2", (string?)(await this.mlflow.DoAsync($"/mlflow/model-versions/get?name={name}&version=2"))["model_version"]!["version"]);
        foreach (var (reference, version) in new[] { ("2", 2), ("@2", 1), ("@latest", 2) })
        {
            Assert.Contains($"\"version\":{version},", await server.Http.GetStringAsync($"/api/v1/models/{name}/versions/{reference}", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        foreach (var (source, location) in new[] { ($"models:/{name}/2", "s3://b/m1"), ($"models:/{name}@2", "s3://b/m0") })
        {
            var copy = (string)(await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source }))["model_version"]!["version"]!;
            Assert.Equal(location, (string?)(await this.mlflow.DoAsync($"/mlflow/model-versions/get-download-uri?name={name}&version={copy}"))["artifact_uri"]);
        }
    }

    /// <summary>As <c>register_model</c> sends it: the files' place as the source, and the logged model that they are of.</summary>
    [Fact]
    public async Task LoggedModelBesideTheSource_IsLookedUp()
    {
        var name = "beside-" + Guid.NewGuid().ToString("N");
        var run = await this.mlflow.NewRunAsync();
        var logged = (string)(await this.mlflow.DoAsync("/mlflow/logged-models", new { experiment_id = "0", name = "net", source_run_id = run }))["model"]!["info"]!["model_id"]!;
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = "s3://b/m", model_id = "m-none" }, 404, "RESOURCE_DOES_NOT_EXIST");
        var version = (await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://b/m", model_id = logged }))["model_version"]!;

        Assert.Equal(("1", run, logged), ((string?)version["version"], (string?)version["run_id"], (string?)version["model_id"]));
        var registration = Assert.Single((await this.mlflow.DoAsync("/mlflow/logged-models/" + logged))["model"]!["info"]!["registrations"]!.AsArray())!;
        Assert.Equal((name, "1"), ((string?)registration["name"], registration["version"]!.ToString()));
    }

    [Fact]
    public async Task DeploymentJob_IsKept()
    {
        var name = "m-" + Guid.NewGuid().ToString("N");
        var created = (await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name, deployment_job_id = "job-1" }))["registered_model"]!;
        Assert.Equal("job-1", (string?)created["deployment_job_id"]);
        await this.mlflow.DoAsync("PATCH", "/mlflow/registered-models/update", new { name, description = "d" });
        Assert.Equal("job-1", (string?)(await this.mlflow.DoAsync(Get(name)))["registered_model"]!["deployment_job_id"]);

        var updated = (await this.mlflow.DoAsync("PATCH", "/mlflow/registered-models/update", new { name, deployment_job_id = "job-2", description = "e" }))["registered_model"]!;
        Assert.Equal(("job-2", "e"), ((string?)updated["deployment_job_id"], (string?)updated["description"]));
        var renamed = await this.mlflow.DoAsync("/mlflow/registered-models/rename", new { name, new_name = name + "x" });
        Assert.Equal("job-2", (string?)renamed["registered_model"]!["deployment_job_id"]);
        await this.mlflow.DoAsync("DELETE", "/mlflow/registered-models/delete", new { name = name + "x" });
        Assert.Null((await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name = name + "x" }))["registered_model"]!["deployment_job_id"]);
    }

    [Fact]
    public async Task VersionOfALoggedModel_ShowsItsParamsAndMetrics()
    {
        var name = await NewModelAsync(0);
        var run = await this.mlflow.NewRunAsync();
        var logged = (string)(await this.mlflow.DoAsync("/mlflow/logged-models", new { experiment_id = "0", name = "net", source_run_id = run, @params = new[] { new { key = "lr", value = "0.1" } } }))["model"]!["info"]!["model_id"]!;
        await this.mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = run, key = "acc", value = 0.5, timestamp = 10, step = 1, model_id = logged, dataset_name = "test", dataset_digest = "d1" });

        var version = (await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "models:/" + logged }))["model_version"]!;
        await this.mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "best", version = "1" });

        var byNumber = (await this.mlflow.DoAsync(Version("get", name, 1)))["model_version"]!;
        var byAlias = (await this.mlflow.DoAsync($"/mlflow/registered-models/alias?name={name}&alias=best"))["model_version"]!;
        Assert.All([version, byNumber, byAlias], v =>
        {
            Assert.Equal(logged, (string?)v["model_id"]);
            Assert.Equal("""[{"name":"lr","value":"0.1"}]""", v["model_params"]!.ToJsonString());
            Assert.Equal($$"""[{"key":"acc","value":0.5,"timestamp":10,"step":1,"dataset_name":"test","dataset_digest":"d1","model_id":"{{logged}}","run_id":"{{run}}"}]""", v["model_metrics"]!.ToJsonString());
        });
        await this.mlflow.DoAsync("DELETE", $"/mlflow/logged-models/{logged}", new { });
        Assert.Null((await this.mlflow.DoAsync(Version("get", name, 1)))["model_version"]!["model_params"]);
    }

    [Fact]
    public async Task Numbers_AreNeverReused_AndDeletedVersionsAreGone()
    {
        var name = await NewModelAsync(3);
        await this.mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "best", version = 3 });
        await this.mlflow.DoAsync("DELETE", "/mlflow/model-versions/delete", new { name, version = "3" });

        await this.mlflow.RefusedAsync(Version("get", name, 3), null, 404, Absent);
        await this.mlflow.RefusedAsync(Version("get-download-uri", name, 3), null, 404, Absent);
        Assert.Contains("not found", await this.mlflow.RefusedAsync($"/mlflow/registered-models/alias?name={name}&alias=best", null, 400, Invalid), StringComparison.Ordinal);
        Assert.Equal("4", await NewVersionAsync(name));
        Assert.Equal(["4", "2", "1"], (await SearchVersionsAsync($"name = '{name}'", "version_number DESC")).Select(v => (string)v["version"]!));
        var (status, _) = await this.mlflow.SendAsync("DELETE", "/mlflow/model-versions/delete", new { name, version = "3" });
        Assert.Equal(404, status);
    }

    [Fact]
    public async Task Stages_AnyCase_ArchiveTheOthers()
    {
        var name = await NewModelAsync(3);
        await StageAsync(name, 1, "pRoDuction", false);
        await StageAsync(name, 2, "staging", false);

        var moved = (await StageAsync(name, 2, "PRODUCTION", true))["model_version"]!;

        Assert.Equal("Production", (string?)moved["current_stage"]);
        Assert.Equal("Archived", (string?)(await this.mlflow.DoAsync(Version("get", name, 1)))["model_version"]!["current_stage"]);
        var latest = (await this.mlflow.DoAsync(Get(name)))["registered_model"]!["latest_versions"]!.AsArray();
        Assert.Equal([("None", "3"), ("Production", "2"), ("Archived", "1")], latest.Select(v => ((string)v!["current_stage"]!, (string)v["version"]!)));
        var some = await this.mlflow.DoAsync("/mlflow/registered-models/get-latest-versions", new { name, stages = new[] { "production", "Staging" } });
        Assert.Equal("2", (string?)Assert.Single(some["model_versions"]!.AsArray())!["version"]);

        var path = "/mlflow/model-versions/transition-stage";
        await this.mlflow.RefusedAsync(path, new { name, version = "1", stage = "Archived", archive_existing_versions = true }, 400, Invalid);
        await this.mlflow.RefusedAsync(path, new { name, version = "1", stage = "Live", archive_existing_versions = false }, 400, Invalid);
        Assert.Contains("archive_existing_versions", await this.mlflow.RefusedAsync(path, new { name, version = "1", stage = "Staging" }, 400, Invalid), StringComparison.Ordinal);
        await this.mlflow.RefusedAsync(path, new { name, version = "9", stage = "Staging", archive_existing_versions = false }, 404, Absent);
        await this.mlflow.RefusedAsync("/mlflow/registered-models/get-latest-versions", new { name, stages = new[] { "Live" } }, 400, Invalid);
    }

    [Fact]
    public async Task Rename_MovesEverything_AndTheOldNameIsFree()
    {
        var name = await NewModelAsync(2);
        var other = await NewModelAsync(0);
        await this.mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });
        await this.mlflow.DoAsync("/mlflow/registered-models/set-tag", new { name, key = "team", value = "a" });

        Assert.Contains("already exists", await this.mlflow.RefusedAsync("/mlflow/registered-models/rename", new { name, new_name = other }, 400, Taken), StringComparison.Ordinal);
        await this.mlflow.RefusedAsync("/mlflow/registered-models/rename", new { name, new_name = name }, 400, Taken);
        await this.mlflow.RefusedAsync("/mlflow/registered-models/rename", new { name }, 400, Invalid);
        await this.mlflow.RefusedAsync("/mlflow/registered-models/rename", new { name, new_name = "a/b" }, 400, Invalid);
        var renamed = (await this.mlflow.DoAsync("/mlflow/registered-models/rename", new { name, new_name = name + "-2" }))["registered_model"]!;

        Assert.Equal(name + "-2", (string?)renamed["name"]);
        Assert.Equal("""[{"key":"team","value":"a"}]""", renamed["tags"]!.ToJsonString());
        Assert.Equal("""[{"alias":"champion","version":"1"}]""", renamed["aliases"]!.ToJsonString());
        await this.mlflow.RefusedAsync(Get(name), null, 404, Absent);
        await this.mlflow.RefusedAsync(Version("get", name, 1), null, 404, Absent);
        Assert.Equal([name + "-2", name + "-2"], (await SearchVersionsAsync($"name LIKE '{name}%'")).Select(v => (string)v["name"]!));
        Assert.Equal("3", await NewVersionAsync(name + "-2"));
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        Assert.Equal("1", await NewVersionAsync(name));
    }

    [Fact]
    public async Task Delete_TakesVersionsTagsAndAliasesAlong()
    {
        var name = await NewModelAsync(2);
        await this.mlflow.DoAsync("/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });

        await this.mlflow.DoAsync("DELETE", "/mlflow/registered-models/delete", new { name });

        await this.mlflow.RefusedAsync(Get(name), null, 404, Absent);
        Assert.Empty(await SearchVersionsAsync($"name = '{name}'"));
        Assert.Empty(await SearchModelsAsync($"name = '{name}'"));
        Assert.Equal(404, (await this.mlflow.SendAsync("DELETE", "/mlflow/registered-models/delete", new { name })).Status);
        var again = (await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name }))["registered_model"]!;
        Assert.Null(again["aliases"]);
        Assert.Null(again["latest_versions"]);
    }

    [Fact]
    public async Task TagsAndDescriptions_AreSetAndTakenAway()
    {
        var name = await NewModelAsync(1);
        await this.mlflow.DoAsync("/mlflow/registered-models/set-tag", new { name, key = "team", value = "" });
        await this.mlflow.DoAsync("/mlflow/model-versions/set-tag", new { name, version = "1", key = "a/b c", value = "x" });
        var described = await this.mlflow.DoAsync("PATCH", "/mlflow/registered-models/update", new { name, description = "what it is" });
        var version = await this.mlflow.DoAsync("PATCH", "/mlflow/model-versions/update", new { name, version = 1, description = "first" });

        Assert.Equal("what it is", (string?)described["registered_model"]!["description"]);
        Assert.Equal("""[{"key":"team","value":""}]""", described["registered_model"]!["tags"]!.ToJsonString());
        Assert.Equal("first", (string?)version["model_version"]!["description"]);
        Assert.Equal("""[{"key":"a/b c","value":"x"}]""", version["model_version"]!["tags"]!.ToJsonString());

        for (var i = 0; i < 2; i++)
        {
            await this.mlflow.DoAsync("DELETE", "/mlflow/registered-models/delete-tag", new { name, key = "team" });
            await this.mlflow.DoAsync("DELETE", "/mlflow/model-versions/delete-tag", new { name, version = "1", key = "a/b c" });
            await this.mlflow.DoAsync("DELETE", "/mlflow/registered-models/alias", new { name, alias = "nobody" });
        }

        var model = (await this.mlflow.DoAsync(Get(name)))["registered_model"]!;
        Assert.Null(model["tags"]);
        Assert.Null(model["latest_versions"]![0]!["tags"]);
        Assert.True((long)model["last_updated_timestamp"]! >= (long)model["creation_timestamp"]!);
    }

    [Fact]
    public async Task Sources_AreJudged()
    {
        var name = await NewModelAsync(0);
        var run = await this.mlflow.NewRunAsync();
        var uri = (string)(await this.mlflow.RunAsync(run))["info"]!["artifact_uri"]!;
        string[] refused =
        [
            "", "/etc/passwd", "file:///etc/passwd", "file:/etc", "relative/model", "dummy-source", "s3://bucket/../x", "s3://bucket/%2e%2e/x", "s3://bucket/%252E%252e/x",
            "mlflow-artifacts:/1/../2", "http://host/a?b=/../c", "C:\\models\\x", "models:/", "models:/nothing", "runs:/", "s3://bucket/a%00b", "mlflow-artifacts:/1/a%00", "mlflow-artifacts:/1/a%0Ab", "mlflow-artifacts:/1/a%2500", "mlflow-artifacts:/1/a%250D", "s3://b/" + new string('x', 2048),
        ];
        foreach (var source in refused)
        {
            Assert.Contains("source", await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source, run_id = run }, 400, Invalid), StringComparison.Ordinal);
        }

        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = "models:/m-0123456789abcdef0123456789abcdef" }, 404, Absent);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = "models:/nobody-here/1" }, 404, Absent);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name = name + "x", source = "s3://b/x" }, 404, Absent);
        Assert.Null((await this.mlflow.DoAsync(Get(name)))["registered_model"]!["latest_versions"]);

        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "gs://bucket/model..v2/x" });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = $"runs:/{run}/model" });
        Assert.Equal(uri + "/model", (string?)(await this.mlflow.DoAsync(Version("get-download-uri", name, 2)))["artifact_uri"]);
        Assert.Equal(run, (string?)(await this.mlflow.DoAsync(Version("get", name, 2)))["model_version"]!["run_id"]);
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "runs:/0123456789abcdef0123456789abcdef/model", run_id = run });
        Assert.Equal("runs:/0123456789abcdef0123456789abcdef/model", (string?)(await this.mlflow.DoAsync(Version("get-download-uri", name, 3)))["artifact_uri"]);
        Assert.Equal(run, (string?)(await this.mlflow.DoAsync(Version("get", name, 3)))["model_version"]!["run_id"]);
        var copy = await NewModelAsync(0);
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name = copy, source = $"models:/{name}/2" });
        Assert.Equal(uri + "/model", (string?)(await this.mlflow.DoAsync(Version("get-download-uri", copy, 1)))["artifact_uri"]);
        Assert.Equal($"models:/{name}/2", (string?)(await this.mlflow.DoAsync(Version("get", copy, 1)))["model_version"]!["source"]);
    }

    [Fact]
    public async Task LocalSource_InsideTheRunsOwnArtifacts_IsTaken()
    {
        var experiment = (string)(await this.mlflow.DoAsync("/mlflow/experiments/create", new { name = "local " + Guid.NewGuid(), artifact_location = "/data/models" }))["experiment_id"]!;
        var run = await this.mlflow.NewRunAsync(experiment);
        var uri = (string)(await this.mlflow.RunAsync(run))["info"]!["artifact_uri"]!;
        var name = await NewModelAsync(0);

        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = uri + "/model", run_id = run });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "file://" + uri + "/model", run_id = run });
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = uri + "/model" }, 400, Invalid);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = uri + "-other/model", run_id = run }, 400, Invalid);
    }

    [Fact]
    public async Task Prompts_RideOnTheRegistry_AndHideFromPlainSearches()
    {
        var name = "prompt-" + Guid.NewGuid().ToString("N");
        var tags = new[] { new { key = "mlflow.prompt.is_prompt", value = "true" } };
        var text = new string('x', 100_000);

        // register_prompt
        await this.mlflow.RefusedAsync(Get(name), null, 404, Absent);
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name, tags });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new
        {
            name,
            source = "dummy-source",
            description = "commit message",
            tags = new[] { tags[0], new { key = "mlflow.prompt.text", value = text }, new { key = "_mlflow_prompt_type", value = "text" } },
        });
        Assert.Equal("mlflow.prompt.is_prompt", (string?)(await this.mlflow.DoAsync(Get(name)))["registered_model"]!["tags"]![0]!["key"]);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = "file:///etc/passwd", tags }, 400, Invalid);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = "/etc/passwd", tags }, 400, Invalid);

        // load_prompt
        var version = (await this.mlflow.DoAsync(Version("get", name, 1)))["model_version"]!;
        Assert.Equal("commit message", (string?)version["description"]);
        Assert.Contains(version["tags"]!.AsArray(), t => (string)t!["key"]! == "mlflow.prompt.text" && (string)t["value"]! == text);

        // search_prompts, search_registered_models
        Assert.Empty(await SearchModelsAsync($"name = '{name}'"));
        Assert.Empty(await SearchVersionsAsync($"name = '{name}'"));
        Assert.Empty(await SearchModelsAsync($"name = '{name}' AND tag.`mlflow.prompt.is_prompt` != 'true'"));
        Assert.Single(await SearchModelsAsync($"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'"));
        Assert.Single(await SearchVersionsAsync($"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'"));
        var model = await NewModelAsync(1);
        Assert.Single(await SearchModelsAsync($"name = '{model}' AND tag.`mlflow.prompt.is_prompt` != 'true'"));
        Assert.Single(await SearchVersionsAsync($"name = '{model}' AND tags.`mlflow.prompt.is_prompt` = 'false'"));
        Assert.Empty(await SearchModelsAsync($"name = '{model}' AND tags.`mlflow.prompt.is_prompt` = 'true'"));
    }

    [Fact]
    public async Task Search_FindsByEveryKeyOfTheGrammar()
    {
        var name = await NewModelAsync(0);
        var run = await this.mlflow.NewRunAsync();
        await this.mlflow.DoAsync("/mlflow/registered-models/set-tag", new { name, key = "team", value = "Red" });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://bucket/one", run_id = run });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://bucket/two", tags = new[] { new { key = "k", value = "v" } } });

        async Task<string> Versions(string filter) => string.Join(",", (await SearchVersionsAsync($"name = '{name}' AND {filter}", "version_number ASC")).Select(v => (string)v["version"]!));
        Assert.Equal("1", await Versions("source_path = 's3://bucket/one'"));
        Assert.Equal("1,2", await Versions("source_path LIKE 's3://bucket/%'"));
        Assert.Equal("2", await Versions("source_path ILIKE '%TWO'"));
        Assert.Equal("1", await Versions($"run_id = '{run}'"));
        Assert.Equal("1", await Versions($"run_id IN ('x', '{run}')"));
        Assert.Equal("2", await Versions("version_number > 1"));
        Assert.Equal("1", await Versions("version_number != 2"));
        Assert.Equal("2", await Versions("tags.k = 'v'"));
        Assert.Equal("", await Versions("tags.k != 'v'"));
        Assert.Equal("1", await Versions("tags.k IS NULL"));
        Assert.Equal("1,2", await Versions("(version_number = 1 OR tags.`k` = 'v')"));
        Assert.Single(await SearchModelsAsync($"name ILIKE '{name.ToUpperInvariant()}' AND tags.team LIKE 'R%' AND"));
        Assert.Empty(await SearchModelsAsync($"name = '{name}' AND tags.team = 'red'"));
    }

    [Fact]
    public async Task Pages_AreBoundToTheirQuery_AndSurviveWrites()
    {
        var name = await NewModelAsync(7);
        var filter = Uri.EscapeDataString($"name LIKE '{name}%'");
        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = await this.mlflow.DoAsync($"/mlflow/model-versions/search?filter={filter}&max_results=2&order_by=version_number%20ASC&page_token={token}");
            seen.AddRange(page["model_versions"]!.AsArray().Select(v => (string)v!["version"]!));
            token = (string?)page["next_page_token"];
            await NewModelAsync(1, name + "-" + seen.Count.ToString(CultureInfo.InvariantCulture), "other");
        }
        while (token is not null && seen.Count < 30);

        Assert.Equal(["1", "2", "3", "4", "5", "6", "7"], seen);
        token = (string)(await this.mlflow.DoAsync($"/mlflow/model-versions/search?filter={filter}&max_results=2"))["next_page_token"]!;
        await this.mlflow.DoAsync($"/mlflow/model-versions/search?filter={filter}&max_results=5&page_token={token}");
        foreach (var wrong in new[] { $"filter={filter}&order_by=name&page_token={token}", $"page_token={token}", $"filter={filter}&page_token={token[..^4]}", "page_token=!!", "page_token=e30" })
        {
            Assert.Contains("page token", await this.mlflow.RefusedAsync("/mlflow/model-versions/search?" + wrong, null, 400, Invalid), StringComparison.Ordinal);
            await this.mlflow.RefusedAsync("/mlflow/registered-models/search?" + wrong, null, 400, Invalid);
        }
    }

    [Fact]
    public async Task Order_IsTheSheets()
    {
        var name = await NewModelAsync(3);
        var created = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await Eventually.Async(() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() > created, cancellationToken: TestContext.Current.CancellationToken);
        await this.mlflow.DoAsync("/mlflow/model-versions/set-tag", new { name, version = "2", key = "k", value = "v" });

        Assert.Equal("2", (await SearchVersionsAsync($"name = '{name}'")).Select(v => (string)v["version"]!).First());
        Assert.Equal(["3", "2", "1"], (await SearchVersionsAsync($"name = '{name}'", "name ASC")).Select(v => (string)v["version"]!));
        var models = (await SearchModelsAsync("", "timestamp DESC")).Select(m => (long)m["last_updated_timestamp"]!).ToList();
        Assert.Equal(models.OrderDescending(), models);
        var names = (await SearchModelsAsync("")).Select(m => (string)m["name"]!).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Theory]
    [InlineData("registered-models/search?max_results=1001", "max_results")]
    [InlineData("registered-models/search?max_results=0", "max_results")]
    [InlineData("registered-models/search?max_results=-1", "max_results")]
    [InlineData("registered-models/search?max_results=many", "max_results")]
    [InlineData("registered-models/search?filter=version_number%20%3D%201", "version_number")]
    [InlineData("registered-models/search?filter=color%20%3D%20%27red%27", "color")]
    [InlineData("registered-models/search?filter=metrics.x%20%3D%201", "metrics")]
    [InlineData("registered-models/search?filter=name%20%3D%201", "quoted")]
    [InlineData("registered-models/search?filter=max(name)%20%3D%20%27a%27", "max(name)")]
    [InlineData("registered-models/search?order_by=color", "order_by")]
    [InlineData("registered-models/search?order_by=name&order_by=name%20DESC", "order_by")]
    [InlineData("model-versions/search?max_results=200001", "max_results")]
    [InlineData("model-versions/search?filter=current_stage%20%3D%20%27None%27", "current_stage")]
    [InlineData("model-versions/search?filter=version_number%20LIKE%20%271%27", "version_number")]
    [InlineData("model-versions/search?order_by=source", "order_by")]
    [InlineData("model-versions/get?name=x", "version")]
    [InlineData("model-versions/get?version=1", "name")]
    [InlineData("model-versions/get?name=x&version=one", "version")]
    [InlineData("model-versions/get?name=x&version=-1", "version")]
    [InlineData("model-versions/get?name=x&version=1.0", "version")]
    [InlineData("model-versions/get?name=a%2Fb&version=1", "name")]
    [InlineData("model-versions/get-download-uri?name=x&version=", "version")]
    [InlineData("registered-models/get", "name")]
    [InlineData("registered-models/alias?name=x", "alias")]
    public async Task BadQuestion_Is400_AndNamesItsPlace(string path, params string[] words)
    {
        var message = await this.mlflow.RefusedAsync("/mlflow/" + path, null, 400, Invalid);

        Assert.All(words, w => Assert.Contains(w, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("registered-models/create", """{"tags":[]}""", "name")]
    [InlineData("registered-models/create", """{"name":""}""", "name")]
    [InlineData("registered-models/create", """{"name":"a/b"}""", "name")]
    [InlineData("registered-models/create", """{"name":"a:b"}""", "name")]
    [InlineData("registered-models/create", """{"name":".."}""", "name")]
    [InlineData("registered-models/create", """{"name":"a\u0000b"}""", "name")]
    [InlineData("registered-models/create", """{"name":"x1","tags":[{"value":"v"}]}""", "tags[0].key")]
    [InlineData("registered-models/create", """{"name":"x2","tags":[{"key":"a//b"}]}""", "key")]
    [InlineData("registered-models/create", """{"name":5}""", "name")]
    [InlineData("registered-models/set-tag", """{"name":"$"}""", "key")]
    [InlineData("registered-models/set-tag", """{"name":"$","key":"../x"}""", "key")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"latest","version":"1"}""", "reserved")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"LATEST","version":"1"}""", "reserved")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"v12","version":"1"}""", "reserved")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"a b","version":"1"}""", "alias")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"a"}""", "version")]
    [InlineData("registered-models/alias", """{"name":"$","alias":"a","version":"one"}""", "version")]
    [InlineData("model-versions/create", """{"name":"$"}""", "source")]
    [InlineData("model-versions/set-tag", """{"name":"$","version":"1"}""", "key")]
    [InlineData("model-versions/transition-stage", """{"name":"$","version":"1","stage":"Staging","archive_existing_versions":"yes"}""", "archive_existing_versions")]
    public async Task Mistake_Is400_AndNamesItsPlace(string method, string body, string named)
    {
        var name = await NewModelAsync(1);

        Assert.Contains(named, await this.mlflow.RefusedAsync("/mlflow/" + method, body.Replace("$", name, StringComparison.Ordinal), 400, Invalid), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_HoldAtTheLimitAndOneBeyond()
    {
        var name = await NewModelAsync(1);
        var longest = Guid.NewGuid().ToString("N") + new string('é', 224);
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name = longest });
        await this.mlflow.DoAsync(Get(longest));
        Assert.Contains("256", await this.mlflow.RefusedAsync("/mlflow/registered-models/create", new { name = longest + "x" }, 400, Invalid), StringComparison.Ordinal);

        await AtAndBeyond(n => ("POST", "registered-models/set-tag", new { name, key = new string('k', n), value = "" }), 250);
        await AtAndBeyond(n => ("POST", "registered-models/set-tag", new { name, key = "k", value = new string('v', n) }), 100_000);
        await AtAndBeyond(n => ("POST", "model-versions/set-tag", new { name, version = "1", key = new string('k', n), value = "" }), 250);
        await AtAndBeyond(n => ("POST", "model-versions/set-tag", new { name, version = "1", key = "k", value = new string('v', n) }), 100_000);
        await AtAndBeyond(n => ("PATCH", "registered-models/update", new { name, description = new string('d', n) }), 5_000);
        await AtAndBeyond(n => ("PATCH", "registered-models/update", new { name, deployment_job_id = new string('j', n) }), 500);
        await AtAndBeyond(n => ("PATCH", "model-versions/update", new { name, version = "1", description = new string('d', n) }), 5_000);
        await AtAndBeyond(n => ("POST", "registered-models/alias", new { name, alias = new string('a', n), version = "1" }), 255);

        async Task AtAndBeyond(Func<int, (string, string, object)> make, int limit)
        {
            var (method, path, body) = make(limit);
            await this.mlflow.DoAsync(method, "/mlflow/" + path, body);
            (_, _, body) = make(limit + 1);
            var (status, answer) = await this.mlflow.SendAsync(method, "/mlflow/" + path, body);
            Assert.Equal((400, Invalid), (status, (string?)answer["error_code"]));
            Assert.Contains(limit.ToString(CultureInfo.InvariantCulture), (string)answer["message"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task UnknownModel_Is404_ForEveryMethod()
    {
        var name = "nobody-" + Guid.NewGuid().ToString("N");
        foreach (var (method, path) in new[]
        {
            ("POST", "registered-models/rename"), ("PATCH", "registered-models/update"), ("DELETE", "registered-models/delete"), ("POST", "registered-models/set-tag"),
            ("DELETE", "registered-models/delete-tag"), ("POST", "registered-models/alias"), ("DELETE", "registered-models/alias"), ("POST", "registered-models/get-latest-versions"),
            ("PATCH", "model-versions/update"), ("DELETE", "model-versions/delete"), ("POST", "model-versions/set-tag"), ("DELETE", "model-versions/delete-tag"),
            ("POST", "model-versions/transition-stage"), ("POST", "model-versions/create"),
        })
        {
            var (status, body) = await this.mlflow.SendAsync(
                method, "/mlflow/" + path, new { name, new_name = name + "2", version = "1", key = "k", alias = "a", stage = "None", archive_existing_versions = false, source = "s3://b/m" });
            Assert.True(status == 404 && (string?)body["error_code"] == Absent, $"{path}: {status} {body.ToJsonString()}");
        }
    }

    private static string Get(string name) => "/mlflow/registered-models/get?name=" + Uri.EscapeDataString(name);

    private static string Version(string method, string name, int version) => $"/mlflow/model-versions/{method}?name={Uri.EscapeDataString(name)}&version={version}";

    private static IEnumerable<string> Members(JsonNode node) => node.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal);

    private Task<JsonNode> StageAsync(string name, int version, string stage, bool archive) =>
        this.mlflow.DoAsync("/mlflow/model-versions/transition-stage", new { name, version = $"{version}", stage, archive_existing_versions = archive });

    private async Task<string> NewModelAsync(int versions, string? name = null, string source = "model")
    {
        name ??= "m-" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        for (var i = 0; i < versions; i++)
        {
            await NewVersionAsync(name, source);
        }

        return name;
    }

    private async Task<string> NewVersionAsync(string name, string source = "model") =>
        (string)(await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://bucket/" + source }))["model_version"]!["version"]!;

    private async Task<List<JsonNode>> SearchVersionsAsync(string filter, string? order = null) => await SearchAsync("model-versions", "model_versions", filter, order);

    private async Task<List<JsonNode>> SearchModelsAsync(string filter, string? order = null) => await SearchAsync("registered-models", "registered_models", filter, order);

    private async Task<List<JsonNode>> SearchAsync(string path, string list, string filter, string? order)
    {
        var query = $"/mlflow/{path}/search?filter={Uri.EscapeDataString(filter)}&max_results=1000" + (order is null ? "" : "&order_by=" + Uri.EscapeDataString(order));
        var body = await this.mlflow.DoAsync(query);
        return [.. (body[list]?.AsArray() ?? []).Select(n => n!)];
    }
}
