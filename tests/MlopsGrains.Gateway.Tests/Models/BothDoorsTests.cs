using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Models;

/// <summary>One registry behind two doors: what comes in by one is seen, changed and served by the other.</summary>
public sealed class BothDoorsTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task UploadedModel_IsDownloadedByATrackingClient()
    {
        var name = await Deployed.New(server, "iris-" + Guid.NewGuid().ToString("N"), new { runId = "r1" });
        var version = (await this.mlflow.DoAsync($"/mlflow/model-versions/get?name={name}&version=1"))["model_version"]!;
        Assert.Equal("r1", (string?)version["run_id"]);
        Assert.Null(version["description"]);

        var uri = (string)(await this.mlflow.DoAsync($"/mlflow/model-versions/get-download-uri?name={name}&version=1"))["artifact_uri"]!;

        Assert.Equal(uri, (string?)version["source"]);
        var root = uri["mlflow-artifacts:/".Length..];
        var files = (await this.mlflow.DoAsync($"/mlflow-artifacts/artifacts?path={root}"))["files"]!;
        Assert.Equal("model.zip", (string?)files[0]!["path"]);
        var bytes = await server.Http.GetByteArrayAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/model.zip", TestContext.Current.CancellationToken);
        var native = await NativeAsync(HttpMethod.Get, $"/api/v1/models/{name}/versions/1", null, 200);
        Assert.Equal((string?)native["blob"]!["digest"], Convert.ToHexStringLower(SHA256.HashData(bytes)));
        foreach (var (method, path) in new[] { ("PUT", "/artifacts/"), ("DELETE", "/artifacts/"), ("POST", "/mpu/create/") })
        {
            var (status, body) = await this.mlflow.SendAsync(method, $"/mlflow-artifacts{path}{root}/model.zip", new { path = "model.zip", num_parts = 1 });
            Assert.True(status == 400, $"{method}: {status} {body.ToJsonString()}");
        }
    }

    [Fact]
    public async Task DeployedModel_IsServedOn_AfterRenameAndDeletion()
    {
        var name = await Deployed.New(server, "iris-" + Guid.NewGuid().ToString("N"));
        await this.mlflow.DoAsync("/mlflow/registered-models/rename", new { name, new_name = name + "-new" });
        await this.mlflow.DoAsync("DELETE", "/mlflow/registered-models/delete", new { name = name + "-new" });

        var lineage = await NativeAsync(HttpMethod.Get, $"/api/v1/deployments/{name}/lineage", null, 200);
        Assert.Equal(name, (string?)lineage["revisions"]![0]!["modelVersion"]!["model"]);
        var served = await server.Http.GetAsync($"/v2/models/{name}", TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)served.StatusCode);
        await NativeAsync(HttpMethod.Put, $"/api/v1/deployments/{name}-2", new { model = name, version = "1" }, 404);
    }

    [Fact]
    public async Task VersionWithoutFile_IsShown_AndRefusedWhenDeployed()
    {
        var name = "from mlflow " + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://bucket/model", run_id = "r2", tags = new[] { new { key = "k", value = "v" } } });
        var at = "/api/v1/models/" + Uri.EscapeDataString(name);

        var version = await NativeAsync(HttpMethod.Get, at + "/versions/latest", null, 200);
        Assert.Equal(("mlflow", "s3://bucket/model", "r2"), ((string)version["format"]!, (string)version["source"]!, (string)version["lineage"]!["runId"]!));
        Assert.Equal("v", (string?)version["tags"]!["k"]);
        Assert.Null(version["blob"]);
        var refused = await NativeAsync(HttpMethod.Put, "/api/v1/deployments/d" + Guid.NewGuid().ToString("N"), new { model = name, version = "1" }, 409);
        Assert.Contains("no model file", (string)refused["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NativeChanges_AreSeenByTrackingClients()
    {
        var name = await Deployed.New(server, "iris-" + Guid.NewGuid().ToString("N"));
        var at = "/api/v1/models/" + name;
        await NativeAsync(HttpMethod.Patch, at, new { description = "flowers" }, 200);
        await NativeAsync(HttpMethod.Put, at + "/tags/a/b", new { value = "1" }, 204);
        await NativeAsync(HttpMethod.Patch, at + "/versions/1", new { description = "first" }, 200);
        await NativeAsync(HttpMethod.Put, at + "/versions/1/tags/k", new { value = "v" }, 204);
        await NativeAsync(HttpMethod.Put, at + "/versions/1/stage", new { stage = "production", archiveExisting = true }, 200);

        var model = (await this.mlflow.DoAsync("/mlflow/registered-models/get?name=" + name))["registered_model"]!;
        Assert.Equal("flowers", (string?)model["description"]);
        Assert.Equal("""[{"key":"a/b","value":"1"}]""", model["tags"]!.ToJsonString());
        var version = model["latest_versions"]![0]!;
        Assert.Equal(("first", "Production"), ((string)version["description"]!, (string)version["current_stage"]!));
        Assert.Equal("""[{"key":"k","value":"v"}]""", version["tags"]!.ToJsonString());

        await NativeAsync(HttpMethod.Delete, at + "/tags/a/b", null, 204);
        await NativeAsync(HttpMethod.Delete, at + "/versions/1/tags/k", null, 204);
        Assert.Equal(name + "-2", (string?)(await NativeAsync(HttpMethod.Post, at + "/rename", new { name = name + "-2" }, 200))["name"]);
        await NativeAsync(HttpMethod.Delete, at + "-2/versions/1", null, 204);
        await NativeAsync(HttpMethod.Delete, at + "-2", null, 204);
        await NativeAsync(HttpMethod.Delete, at + "-2", null, 404);
        await NativeAsync(HttpMethod.Get, at, null, 404);
    }

    [Theory]
    [InlineData("PATCH", "", """{"description":5}""", 400)]
    [InlineData("PATCH", "", "{}", 400)]
    [InlineData("PUT", "/tags/k", "{}", 400)]
    [InlineData("PUT", "/tags/a//b", """{"value":"v"}""", 400)]
    [InlineData("PUT", "/versions/1/stage", """{"stage":"live"}""", 400)]
    [InlineData("PUT", "/versions/1/stage", """{"stage":"none","archiveExisting":true}""", 400)]
    [InlineData("PUT", "/versions/7/tags/k", """{"value":"v"}""", 404)]
    [InlineData("DELETE", "/versions/7", null, 404)]
    [InlineData("DELETE", "/versions/99999999999", null, 404)]
    [InlineData("POST", "/rename", """{"name":"a/b"}""", 400)]
    [InlineData("POST", "/rename", """{"name":""}""", 400)]
    public async Task Mistake_IsA4xx(string method, string path, string? body, int status)
    {
        var name = await Deployed.Iris(server);

        await NativeAsync(new HttpMethod(method), $"/api/v1/models/{name}{path}", body is null ? null : JsonNode.Parse(body), status);
    }

    [Fact]
    public async Task LoggedModel_BecomesAVersion_AndKnowsIt()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var run = await this.mlflow.NewRunAsync(experiment);
        var id = "m-" + Guid.NewGuid().ToString("N");
        var logged = server.Services.GetRequiredService<IGrainFactory>().GetGrain<MlopsGrains.Experiments.ILoggedModelGrain>(id);
        var made = await logged.Create(new MlopsGrains.Experiments.NewLoggedModel(experiment, "model", SourceRunId: run), TestContext.Current.CancellationToken);
        var name = "m" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });

        var version = (await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = $"models:/{id}" }))["model_version"]!;

        Assert.Equal((id, run, $"models:/{id}"), ((string)version["model_id"]!, (string)version["run_id"]!, (string)version["source"]!));
        Assert.Equal(made.ArtifactUri, (string?)(await this.mlflow.DoAsync($"/mlflow/model-versions/get-download-uri?name={name}&version=1"))["artifact_uri"]);
        var known = Assert.Single((await logged.Get(TestContext.Current.CancellationToken))!.Registrations);
        Assert.Equal((name, 1), (known.Name, known.Version));
        await logged.Delete(TestContext.Current.CancellationToken);
        await this.mlflow.RefusedAsync("/mlflow/model-versions/create", new { name, source = $"models:/{id}" }, 404, "RESOURCE_DOES_NOT_EXIST");
    }

    private async Task<JsonNode> NativeAsync(HttpMethod method, string path, object? body, int status)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode == status, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }
}
