using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Deployments;

/// <summary>Datasets, models and deployments over the native API of the real server.</summary>
public sealed class NativeServingTests(ServerFixture server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dataset_Uploaded_IsProfiledListedAndReadBack()
    {
        var name = "d-" + Guid.NewGuid().ToString("N");
        const string Csv = "a,b\n1,x\n2,\n";

        var version = await Send(HttpMethod.Post, $"/api/v1/datasets/{name}/versions?source=hand&description=two%20rows", new StringContent(Csv, Encoding.UTF8, "text/csv"));

        Assert.Equal((1, 2, "hand", "two rows"), (version.GetProperty("version").GetInt32(), version.GetProperty("rows").GetInt32(), version.GetProperty("source").GetString(), version.GetProperty("description").GetString()));
        Assert.Equal(["integer", "text"], version.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("type").GetString()));
        Assert.Equal(version.GetRawText(), (await Send(HttpMethod.Get, $"/api/v1/datasets/{name}/versions/latest")).GetRawText());
        Assert.Equal(Csv, await server.Http.GetStringAsync(new Uri($"/api/v1/datasets/{name}/versions/1/content", UriKind.Relative), Ct));
        Assert.Equal(1, (await Send(HttpMethod.Get, $"/api/v1/datasets/{name}")).GetProperty("latestVersion").GetInt32());
        var (listed, token) = (new List<string?>(), "");
        do
        {
            var page = await Send(HttpMethod.Get, $"/api/v1/datasets?limit=2&pageToken={token}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(d => d.GetProperty("name").GetString()));
            token = page.TryGetProperty("nextPageToken", out var next) ? next.GetString() : null;
        }
        while (token is not null);
        Assert.Single(listed, name);
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed);
    }

    [Fact]
    public async Task Dataset_InAnotherDialect_IsReadAsTheQuerySays()
    {
        var path = $"/api/v1/datasets/d-{Guid.NewGuid():N}/versions";
        byte[] bytes = [.. "ort;n\nZ"u8, 0xFC, .. "rich;1,5\nBern;-\n"u8];

        using var refused = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new ByteArrayContent(bytes), Ct);
        Assert.Contains("encoding=windows-1252", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var version = await Send(HttpMethod.Post, $"{path}?delimiter=semicolon&decimal=,&encoding=windows-1252&missing=-&header=true&trim=false", new ByteArrayContent(bytes));

        Assert.Equal("ort,n\nZürich,1.5\nBern,\n", await server.Http.GetStringAsync(new Uri($"{path}/1/content", UriKind.Relative), Ct));
        Assert.Equal(bytes, await server.Http.GetByteArrayAsync(new Uri($"{path}/1/content?original=true", UriKind.Relative), Ct));
        Assert.Equal("windows-1252", version.GetProperty("original").GetProperty("csv").GetProperty("encoding").GetString());
        Assert.Equal("text number", string.Join(' ', version.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("type").GetString())));
    }

    [Fact]
    public async Task Deployment_Lineage_LeadsBackToTheData()
    {
        var name = "l-" + Guid.NewGuid().ToString("N");
        var dataset = await Send(HttpMethod.Post, $"/api/v1/datasets/{name}/versions", new StringContent("a\n1\n", Encoding.UTF8, "text/csv"));
        var run = await Send(HttpMethod.Post, "/api/v1/runs", JsonContent.Create(new { experimentId = "0" }));
        var runId = run.GetProperty("info").GetProperty("runId").GetString();

        await Deployed.New(server, name, new { runId, dataset = name, datasetVersion = 1, datasetDigest = dataset.GetProperty("digest").GetString(), pipelineRunId = "p1" });

        var revision = Assert.Single((await Send(HttpMethod.Get, $"/api/v1/deployments/{name}/lineage")).GetProperty("revisions").EnumerateArray().ToList());
        Assert.Equal(100, revision.GetProperty("percent").GetInt32());
        Assert.Equal(runId, revision.GetProperty("run").GetProperty("runId").GetString());
        Assert.Equal(dataset.GetProperty("digest").GetString(), revision.GetProperty("datasetVersion").GetProperty("digest").GetString());
        Assert.Equal("p1", revision.GetProperty("pipelineRunId").GetString());
        Assert.Equal(0.97, revision.GetProperty("modelVersion").GetProperty("metrics").GetProperty("accuracy").GetDouble());
    }

    [Fact]
    public async Task Lineage_LeadsBothWays_OverEveryKind()
    {
        var name = "l-" + Guid.NewGuid().ToString("N");
        var dataset = await Send(HttpMethod.Post, $"/api/v1/datasets/{name}/versions", new StringContent("a\n1\n", Encoding.UTF8, "text/csv"));
        var digest = dataset.GetProperty("digest").GetString()!;
        var run = await Send(HttpMethod.Post, "/api/v1/runs", JsonContent.Create(new { experimentId = "0", runName = "trained" }));
        var runId = run.GetProperty("info").GetProperty("runId").GetString();
        await Send(HttpMethod.Post, "/api/2.0/mlflow/runs/log-inputs", JsonContent.Create(new { run_id = runId, datasets = new[] { new { dataset = new { name, digest = digest[..32], source_type = "mlops", source = "s" } } } }));
        await Deployed.New(server, name, new { runId });

        var back = await Send(HttpMethod.Get, $"/api/v1/lineage?of=deployments/{name}");
        Assert.Equal(["deployments/" + name, $"models/{name}/1", "runs/" + runId, $"datasets/{name}/1"], Ids(back));
        Assert.Equal([0, -1, -2, -3], back.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("distance").GetInt32()));
        Assert.Equal("trained", back.GetProperty("nodes")[2].GetProperty("name").GetString());
        Assert.Equal(3, back.GetProperty("edges").GetArrayLength());
        var forward = await Send(HttpMethod.Get, $"/api/v1/lineage?of=datasets/{name}/1&depth=5");
        Assert.Equal([$"datasets/{name}/1", "runs/" + runId, $"models/{name}/1", "deployments/" + name], Ids(forward));
        Assert.Equal(back.GetProperty("edges").GetRawText(), forward.GetProperty("edges").GetRawText());
        Assert.Equal([$"models/{name}/1", "deployments/" + name, "runs/" + runId], Ids(await Send(HttpMethod.Get, $"/api/v1/lineage?of=models/{name}/latest&depth=1")));

        // What records of other clients name need not be a thing here.
        await Deployed.New(server, name + "-odd", new { pipelineRunId = "p 1", dataset = "a/b", datasetVersion = 1 });
        Assert.Equal([$"deployments/{name}-odd", $"models/{name}-odd/1"], Ids(await Send(HttpMethod.Get, $"/api/v1/lineage?of=deployments/{name}-odd")));

        static IEnumerable<string?> Ids(JsonElement graph) => graph.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Deployment_TrafficAliasAndRollback_GoThroughTheDoor()
    {
        var name = "t-" + Guid.NewGuid().ToString("N");
        await Deployed.New(server, name);
        await Deployed.New(server, name);
        await Send(HttpMethod.Put, $"/api/v1/models/{name}/aliases/champion", JsonContent.Create(new { version = 2 }));

        Assert.Equal(2, (await Send(HttpMethod.Get, $"/api/v1/models/{name}/versions/champion")).GetProperty("version").GetInt32());
        Assert.Equal([2, 1], (await Send(HttpMethod.Get, $"/api/v1/models/{name}/versions")).EnumerateArray().Select(v => v.GetProperty("version").GetInt32()));
        var split = await Send(HttpMethod.Put, $"/api/v1/deployments/{name}/traffic", JsonContent.Create(new[] { new { revision = 1, percent = 30 }, new { revision = 2, percent = 70 } }));
        Assert.Equal(2, split.GetProperty("traffic").GetArrayLength());
        var back = await Send(HttpMethod.Post, $"/api/v1/deployments/{name}/rollback");
        Assert.Equal(1, Assert.Single(back.GetProperty("traffic").EnumerateArray().ToList()).GetProperty("revision").GetInt32());
        await Send(HttpMethod.Delete, $"/api/v1/models/{name}/aliases/champion");
    }

    [Theory]
    [InlineData("POST", "/api/v1/datasets/x/versions", "a,b\n1\n", 400, "rows[1]")]
    [InlineData("POST", "/api/v1/datasets/x/versions", "", 400, "header")]
    [InlineData("POST", "/api/v1/datasets/x/versions?delimiter=dot", "a,b\n", 400, "delimiter")]
    [InlineData("POST", "/api/v1/datasets/x/versions?decimal=dot", "a,b\n", 400, "decimal")]
    [InlineData("POST", "/api/v1/datasets/x/versions?encoding=klingon", "a,b\n", 400, "encoding")]
    [InlineData("POST", "/api/v1/datasets/x/versions?header=perhaps", "a,b\n", 400, "header")]
    [InlineData("POST", "/api/v1/datasets/x/versions?columns=a", "1,2\n", 400, "columns")]
    [InlineData("POST", "/api/v1/datasets/x/versions", "a,b;c\n1,2;3\n", 400, "delimiter")]
    [InlineData("POST", "/api/v1/datasets/a%20b/versions", "a\n", 400, "name")]
    [InlineData("GET", "/api/v1/datasets/nobody", null, 404, null)]
    [InlineData("GET", "/api/v1/datasets/nobody/versions/latest", null, 404, null)]
    [InlineData("GET", "/api/v1/datasets/nobody/versions/first", null, 400, "version")]
    [InlineData("GET", "/api/v1/datasets?limit=0", null, 400, "limit")]
    [InlineData("GET", "/api/v1/models/nobody", null, 404, null)]
    [InlineData("GET", "/api/v1/models/nobody/versions", null, 404, null)]
    [InlineData("POST", "/api/v1/models", """{"name":"a/b"}""", 400, "name")]
    [InlineData("POST", "/api/v1/models", """{"name":"ab","colour":1}""", 400, "colour")]
    [InlineData("POST", "/api/v1/models/m/versions", """{"format":"mlnet"}""", 400, "blob")]
    [InlineData("PUT", "/api/v1/models/nobody/aliases/a", """{"version":1}""", 404, null)]
    [InlineData("PUT", "/api/v1/models/nobody/aliases/latest", """{"version":1}""", 400, "alias")]
    [InlineData("PUT", "/api/v1/deployments/stats", """{"model":"m","version":"1"}""", 400, "name")]
    [InlineData("PUT", "/api/v1/deployments/d", """{"model":"nobody","version":"1"}""", 404, null)]
    [InlineData("PUT", "/api/v1/deployments/nobody/traffic", """[{"revision":1,"percent":100}]""", 404, null)]
    [InlineData("POST", "/api/v1/deployments/nobody/rollback", null, 404, null)]
    [InlineData("GET", "/api/v1/deployments/nobody/lineage", null, 404, null)]
    public async Task Mistake_IsA4xxThatNamesTheField(string method, string path, string? body, int status, string? field)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, path.Contains("datasets", StringComparison.Ordinal) ? "text/csv" : "application/json");

        using var answer = await server.Http.SendAsync(request, Ct);

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.True((int)answer.StatusCode == status, problem.GetRawText());
        Assert.Equal(field, problem.TryGetProperty("field", out var named) ? named.GetString() : null);
    }

    private Task<JsonElement> Send(HttpMethod method, string path, HttpContent? content = null) => Deployed.Send(server, method, path, content);
}
