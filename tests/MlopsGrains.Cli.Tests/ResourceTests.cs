using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlopsGrains.Client;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

/// <summary>What the platform keeps, got out of it and put into it by the command, against the real platform.</summary>
public sealed class ResourceTests(ServerFixture server) : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly string name = "r" + Guid.NewGuid().ToString("N");
    private readonly MlopsGrainsClient client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress, Tracking = new() { Context = RunContext.None } });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Artifacts_GoInAndOut_ByTheBeginningOfARunsId()
    {
        await using var run = await client.StartRunAsync(name, cancellationToken: Cancel);
        Directory.CreateDirectory(directory.File("plots/deep"));
        await File.WriteAllTextAsync(directory.File("plots/a.txt"), "hello", Cancel);
        await File.WriteAllTextAsync(directory.File("plots/deep/b 100%.txt"), "world", Cancel);
        var prefix = run.RunId[..20];

        Assert.Equal(0, (await RunAsync("artifacts", "upload", prefix, directory.File("plots"), "--path", "figures")).Code);
        var files = (await RunAsync("artifacts", "list", prefix, "--recursive")).Json.EnumerateArray().Select(f => f.GetProperty("path").GetString());
        Assert.Equal(["figures/plots/a.txt", "figures/plots/deep/b 100%.txt"], files);
        Assert.Equal(0, (await RunAsync("artifacts", "download", prefix, "figures/plots", "--to", directory.File("back"))).Code);
        Assert.Equal("world", await File.ReadAllTextAsync(directory.File("back/plots/deep/b 100%.txt"), Cancel));
        Assert.Equal(0, (await RunAsync("artifacts", "download", prefix, "figures/plots/a.txt", "--to", directory.File("one.txt"))).Code);
        Assert.Equal("hello", await File.ReadAllTextAsync(directory.File("one.txt"), Cancel));
        Assert.Equal(2, (await RunAsync("artifacts", "download", prefix, "nothing/here", "--to", directory.File("none"))).Code);
        Assert.Equal(["back", "one.txt", "plots"], Directory.GetFileSystemEntries(directory.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Beginning_OfSeveralIds_ListsThem()
    {
        var ids = new List<string>();
        for (var i = 0; i < 17; i++)
        {
            await using var run = await client.StartRunAsync(name, new RunOptions { Name = $"run {i}" }, Cancel);
            ids.Add(run.RunId);
        }

        var common = Enumerable.Range(4, 28).Select(length => ids.GroupBy(id => id[..length]).FirstOrDefault(g => g.Count() > 1)).OfType<IGrouping<string, string>>().FirstOrDefault();
        Assert.SkipWhen(common is null, "ids of this run begin differently in their first digits.");

        var said = await RunAsync("runs", "get", common.Key);

        Assert.Equal(2, said.Code);
        var listed = Regex.Matches(said.Error, "[0-9a-f]{32}").Select(m => m.Value).ToList(); // Other tests' runs may begin alike.
        Assert.InRange(listed.Count, Math.Min(common.Count(), 10), 10);
        Assert.All(listed, id => Assert.StartsWith(common.Key, id, StringComparison.Ordinal));
        Assert.Equal(2, (await RunAsync("runs", "get", "0000000000")).Code);
    }

    [Fact]
    public async Task Dataset_ComesBackAsItWas()
    {
        await File.WriteAllTextAsync(directory.File("in.csv"), "a,b\n1,x\n2,y\n", Cancel);

        await RunAsync("datasets", "upload", name, directory.File("in.csv"));

        Assert.Equal(1, (await RunAsync("datasets", "versions", name)).Json[0].GetProperty("version").GetInt32());
        Assert.Equal(0, (await RunAsync("datasets", "download", name, "--to", directory.Path)).Code);
        Assert.Equal("a,b\n1,x\n2,y\n", await File.ReadAllTextAsync(directory.File($"{name}-1.csv"), Cancel));
    }

    [Fact]
    public async Task Dataset_ShowsItsRows_AndWhatChanged()
    {
        await File.WriteAllTextAsync(directory.File("in.csv"), "a,b\n1,x\n2,y\n", Cancel);
        await File.WriteAllTextAsync(directory.File("next.csv"), "a,c\n5,x\n6,\n7,y\n", Cancel);
        await RunAsync("datasets", "upload", name, directory.File("in.csv"));
        await RunAsync("datasets", "upload", name, directory.File("next.csv"));

        Assert.Equal(["ROW a b", "2 2 y"], Squeezed(await PlainAsync("datasets", "head", name, "--version", "1", "--text", "Y")));
        Assert.Equal(3, (await RunAsync("datasets", "head", name)).Json.GetProperty("rows").GetArrayLength());
        var diff = Squeezed(await PlainAsync("datasets", "diff", name, "1"));
        Assert.Contains("added c", diff);
        Assert.Contains("removed b", diff);
        Assert.Contains("a 1 integer 0 to 0 1.5 to 6", diff);
        Assert.Equal(2, (await RunAsync("datasets", "diff", name, "1", "9")).Code);
        Assert.Equal(2, (await RunAsync("datasets", "head", name, "--rows", "0")).Code);

        static IEnumerable<string> Squeezed(Said said) => said.Out.Split('\n').Select(line => Regex.Replace(line.Trim(), " +", " ")).Where(line => line.Length > 0);
    }

    [Fact]
    public async Task Prompt_IsWrittenReadAndRemoved()
    {
        Assert.Equal(1, (await RunAsync("prompts", "register", name, "--text", "Sum up: {{text}}")).Json.GetProperty("version").GetInt32());
        Assert.Equal(2, (await RunAsync("prompts", "register", name, "--text", "Shorter: {{text}}", "--message", "shorter")).Json.GetProperty("version").GetInt32());
        Assert.Equal(0, (await RunAsync("prompts", "aliases", "set", name, "production", "1")).Code);

        Assert.Equal("Sum up: {{text}}\n", (await PlainAsync("prompts", "get", name, "--version", "production", "--text")).Out.ReplaceLineEndings("\n"));
        Assert.Equal("shorter", (await RunAsync("prompts", "versions", name)).Json[0].GetProperty("message").GetString());
        Assert.Contains((await RunAsync("prompts", "list")).Json.EnumerateArray(), p => p.GetProperty("name").GetString() == name && p.GetProperty("latestVersion").GetInt32() == 2);
        Assert.Equal(0, (await RunAsync("prompts", "aliases", "delete", name, "production")).Code);
        Assert.Equal(0, (await RunAsync("prompts", "delete", name, "--version", "2", "--yes")).Code);
        Assert.Equal(0, (await RunAsync("prompts", "delete", name, "--yes")).Code);
        Assert.Equal(2, (await RunAsync("prompts", "get", name)).Code);
    }

    [Fact]
    public async Task Prompt_IsNeverMadeOfAModel()
    {
        await client.Models.CreateAsync(name, cancellationToken: Cancel);

        Assert.Equal(2, (await RunAsync("prompts", "register", name, "--text", "x")).Code);
        Assert.Equal(2, (await RunAsync("prompts", "delete", name, "--yes")).Code);
        Assert.Equal(name, (await client.Models.GetAsync(name, Cancel)).Name);
    }

    [Fact]
    public async Task LoggedModel_IsFoundReadAndDeleted_AndAVersionMadeOfItDownloads()
    {
        await using var run = await client.StartRunAsync(name, cancellationToken: Cancel);
        var model = (await MlflowAsync("logged-models", new { experiment_id = (await client.Runs.GetAsync(run.RunId, Cancel)).Info.ExperimentId, name = "net", source_run_id = run.RunId, @params = new[] { new { key = "depth", value = "7" } } })).GetProperty("model").GetProperty("info");
        var id = model.GetProperty("model_id").GetString()!;
        var path = model.GetProperty("artifact_uri").GetString()!["mlflow-artifacts:/".Length..];
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        (await http.PutAsync($"api/2.0/mlflow-artifacts/artifacts/{path}/MLmodel", new StringContent("flavors: {}"), Cancel)).EnsureSuccessStatusCode();
        await MlflowAsync("registered-models/create", new { name });
        await MlflowAsync("model-versions/create", new { name, source = $"models:/{id}", model_id = id });

        Assert.Equal(id, Assert.Single((await RunAsync("logged-models", "list", "-e", name)).Json.EnumerateArray()).GetProperty("modelId").GetString());
        Assert.Equal("7", (await RunAsync("logged-models", "get", id[..22])).Json.GetProperty("params")[0].GetProperty("value").GetString());
        Assert.Equal("MLmodel", (await RunAsync("logged-models", "files", id)).Json[0].GetProperty("path").GetString());
        Assert.Equal(0, (await RunAsync("logged-models", "download", id, "--to", directory.File("logged"))).Code);
        Assert.Equal(0, (await RunAsync("models", "download", name, "--to", directory.File("registered"))).Code);
        Assert.Equal("flavors: {}", await File.ReadAllTextAsync(directory.File("logged/MLmodel"), Cancel));
        Assert.Equal("flavors: {}", await File.ReadAllTextAsync(directory.File("registered/MLmodel"), Cancel));
        Assert.Equal(0, (await RunAsync("logged-models", "delete", id, "--yes")).Code);
        Assert.Equal(2, (await RunAsync("logged-models", "get", id)).Code);
    }

    [Fact]
    public async Task ModelFile_Downloads()
    {
        using var bytes = new MemoryStream("weights"u8.ToArray());
        var blob = await client.Blobs.UploadAsync(bytes, Cancel);
        await client.Models.AddVersionAsync(name, new NewModelVersion("mlnet", blob, new ModelSignature([new("a", "FP32", [-1])], [new("score", "FP32", [-1])]), new ModelLineage(), new Dictionary<string, double>()), Cancel);

        Assert.Equal(0, (await RunAsync("models", "download", name, "--to", directory.Path)).Code);
        Assert.Equal("weights", await File.ReadAllTextAsync(directory.File($"{name}-1.zip"), Cancel));
    }

    [Fact]
    public async Task Webhook_IsMadeChangedAndRemoved_ByItsName()
    {
        Assert.Equal(0, (await RunAsync("webhooks", "create", name, "https://hooks.example/in", "--event", "model_version.created", "--event", "registered_model.created")).Code);
        Assert.Equal(2, (await RunAsync("webhooks", "create", name, "https://hooks.example/in", "--event", "model_version.painted")).Code);
        Assert.Equal("disabled", (await RunAsync("webhooks", "update", name, "--status", "disabled", "--event", "model_version.created")).Json.GetProperty("status").GetString());
        Assert.Single((await RunAsync("webhooks", "get", name)).Json.GetProperty("events").EnumerateArray());
        Assert.Equal(0, (await RunAsync("webhooks", "deliveries", name)).Json.GetProperty("waiting").GetInt32());
        Assert.Equal(0, (await RunAsync("webhooks", "retry", name)).Json.GetProperty("retried").GetInt32());
        Assert.Equal(0, (await RunAsync("webhooks", "delete", name, "--yes")).Code);
        Assert.Equal(2, (await RunAsync("webhooks", "get", name)).Code);
    }

    [Fact]
    public async Task PipelineRun_ThatAGateRejects_IsAFailureInTheReport_AndFoundByTheBeginningOfItsId()
    {
        await File.WriteAllTextAsync(directory.File("p.yaml"), $$"""
            name: {{name}}
            steps:
              - name: load
                uses: dataset/load
                with: { dataset: {{name}}, version: latest }
              - name: check
                uses: data/validate
                with:
                  data: ${steps.load.outputs.digest}
                  expectations: [{ row_count_between: [100, null] }]
            """, Cancel);
        await File.WriteAllTextAsync(directory.File("in.csv"), "a,b\n1,x\n2,y\n", Cancel);
        await RunAsync("datasets", "upload", name, directory.File("in.csv"));
        Assert.Equal(0, (await RunAsync("pipelines", "validate", directory.File("p.yaml"))).Code);
        Assert.Equal(0, (await RunAsync("pipelines", "register", directory.File("p.yaml"))).Code);

        var said = await RunAsync("pipelines", "run", name, "--wait", "--timeout", "60s", "--junit", directory.File("out.xml"));

        var id = said.Json.GetProperty("pipelineRunId").GetString()!;
        Assert.Equal((1, "rejected"), (said.Code, said.Json.GetProperty("status").GetString()));
        var suite = System.Xml.Linq.XDocument.Load(directory.File("out.xml")).Root!.Element("testsuite")!;
        Assert.Equal(("1", "0", "0"), (suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value, suite.Attribute("skipped")!.Value));
        Assert.Equal(id, (await RunAsync("pipelines", "status", id[..10])).Json.GetProperty("pipelineRunId").GetString());
        Assert.Equal(2, (await RunAsync("pipelines", "status", "00000000000")).Code);
    }

    [Fact]
    public async Task Definition_WithFaults_NamesTheirPlaces_AndRegistersNothing()
    {
        await File.WriteAllTextAsync(directory.File("p.yaml"), $"name: {name}\nsteps:\n  - name: a\n    uses: data/nothing\n", Cancel);

        var said = await PlainAsync("pipelines", "validate", directory.File("p.yaml"));

        Assert.Equal(1, said.Code);
        Assert.Contains("p.yaml(4,", said.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("pipelines", "list", name)).Code);
    }

    private async Task<JsonElement> MlflowAsync(string method, object body)
    {
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        using var content = new StringContent(JsonSerializer.Serialize(body), new MediaTypeHeaderValue("application/json"));
        var answer = await http.PostAsync($"api/2.0/mlflow/{method}", content, Cancel);
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement;
    }

    private Task<Said> RunAsync(params string[] args) => PlainAsync([.. args, "--json"]);

    private Task<Said> PlainAsync(params string[] args) => Shell.RunAsync([.. args, "--server", server.BaseAddress.AbsoluteUri]);
}
