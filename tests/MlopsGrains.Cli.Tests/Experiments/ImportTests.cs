using System.Net.Http.Json;
using System.Text.Json;
using MlopsGrains.Cli.Experiments.Import;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Experiments;

public sealed class ImportTests(ServerFixture server) : IDisposable
{
    private readonly FileStore store = new();
    private readonly string name = $"imported-{Guid.NewGuid():N}";
    private readonly MlopsGrainsClient client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        store.Dispose();
    }

    [Fact]
    public async Task FileStore_IsThereAsItWas_AndASecondImportChangesNothing()
    {
        Fill();

        var first = await ImportAsync();
        var runs = await RunsAsync();
        var events = await EventsAsync(runs);
        var second = await ImportAsync();

        Assert.Equal((0, ""), (first.Code, first.Error));
        Assert.Equal((1, 2, 0), (Number(first, "experiments"), Number(first, "runs"), Number(first, "unchanged")));
        Assert.Equal((5, 1, 5), (Number(first, "points"), Number(first, "files"), Number(first, "bytes")));
        Assert.Equal((0, 2, 0), (Number(second, "runs"), Number(second, "unchanged"), Number(second, "points")));
        Assert.Equal(runs.Select(r => r.Info), (await RunsAsync()).Select(r => r.Info));
        Assert.NotEmpty(events);
        Assert.Equal(events, await EventsAsync(runs));

        var run = runs.Single(r => r.Info.RunName == "first");
        Assert.Equal((RunStatus.Finished, 1700000001000, 1700000009000, "ada"), (run.Info.Status, run.Info.StartTime, run.Info.EndTime, run.Info.UserId));
        Assert.Equal([new Tag("lr", "0.1"), new Tag("model/depth", "7")], run.Params);
        Assert.Contains(new Tag("team", "growth\nand more"), run.Tags);
        Assert.Equal([(1700000001000, 0, 0.5), (1700000002000, 1, 0.25), (1700000003000, 2, double.NaN)], await PointsAsync(run, "train/loss"));
        Assert.Equal([(1700000001000, 0, double.NegativeInfinity)], await PointsAsync(run, "odd"));
        using var notes = new StreamReader(await client.Runs.DownloadArtifactAsync(run.Info.RunId, "notes/a.txt", Cancel));
        Assert.Equal("hello", await notes.ReadToEndAsync(Cancel));
        var iris = new DatasetInput("iris", "abc123", "http", """{"uri": "s3://bucket/iris.csv"}""", """{"mlflow_colspec": []}""", null, [new Tag("mlflow.data.context", "training")]);
        Assert.Equivalent(iris, Assert.Single(run.Inputs), strict: true);
        var child = runs.Single(r => r.Info.RunName == "child");
        Assert.Contains(new Tag("mlflow.parentRunId", run.Info.RunId), child.Tags);
        Assert.Equal(RunStatus.Failed, child.Info.Status);
    }

    [Fact]
    public async Task DryRun_SaysWhatWouldBeDone_AndWritesNothing()
    {
        Fill();

        var said = await ImportAsync("--dry-run");

        Assert.True(said.Json.GetProperty("dryRun").GetBoolean());
        Assert.Equal((2, 1), (Number(said, "runs"), Number(said, "files")));
        Assert.Null(await client.Experiments.FindByNameAsync(name, Cancel));
    }

    [Fact]
    public async Task RegisteredModels_KeepTheirOrderAliasesAndRuns_AndAreImportedOnce()
    {
        Fill();
        store.Write($"models/{name}/meta.yaml", $"name: {name}\ndescription: who leaves\n");
        store.Write($"models/{name}/tags/team", "growth");
        store.Write($"models/{name}/version-1/meta.yaml", $"name: {name}\nversion: 1\nrun_id: a1\nsource: file:///somewhere/mlruns/1/a1/artifacts/model\ncurrent_stage: None\n");
        store.Write($"models/{name}/version-2/meta.yaml", $"name: {name}\nversion: '2'\nrun_id: a1\nsource: file:///somewhere/mlruns/1/a1/artifacts/model\ncurrent_stage: None\n");
        store.Write($"models/{name}/aliases/champion", "2");

        var first = await ImportAsync();
        var second = await ImportAsync();

        var dry = await ImportAsync("--dry-run");

        Assert.Equal((0, "", 2, 0, 0), (first.Code, first.Error, Number(first, "modelVersions"), Number(second, "modelVersions"), Number(dry, "modelVersions")));
        var run = (await RunsAsync()).Single(r => r.Info.RunName == "first");
        var found = await server.Http.GetFromJsonAsync<JsonElement>($"/api/2.0/mlflow/registered-models/alias?name={name}&alias=champion", Cancel);
        var version = found.GetProperty("model_version");
        Assert.Equal(("2", run.Info.RunId, $"runs:/{run.Info.RunId}/model"), (version.GetProperty("version").GetString(), version.GetProperty("run_id").GetString(), version.GetProperty("source").GetString()));
    }

    [Fact]
    public async Task LoggedModels_KeepRunFilesAndMetrics_AndAVersionOfOneFindsIt()
    {
        Fill();
        store.LoggedModel("1", "a1", "m-1", "net");
        store.Write($"1/0child/inputs/m-1/meta.yaml", "source_type: RUN_INPUT\nsource_id: 0child\ndestination_type: MODEL_INPUT\ndestination_id: m-1\n");
        store.Write($"models/{name}/meta.yaml", $"name: {name}\n");
        store.Write($"models/{name}/version-1/meta.yaml", $"name: {name}\nversion: 1\nrun_id: a1\nsource: models:/m-1\ncurrent_stage: None\n");

        var dry = await ImportAsync("--dry-run");
        var first = await ImportAsync();
        var second = await ImportAsync();

        Assert.Equal((1, 3, 1), (Number(dry, "loggedModels"), Number(dry, "files"), Number(dry, "modelVersions")));
        Assert.Equal((0, "", 1, 3, 1), (first.Code, first.Error, Number(first, "loggedModels"), Number(first, "files"), Number(first, "modelVersions")));
        Assert.Equal((0, 0, 0), (Number(second, "loggedModels"), Number(second, "files"), Number(second, "modelVersions")));
        await CheckLoggedModelAsync();
        var model = (await LoggedModelsAsync(server.Http)).Single();
        var found = await server.Http.GetFromJsonAsync<JsonElement>($"/api/2.0/mlflow/model-versions/get?name={name}&version=1", Cancel);
        Assert.Equal($"models:/{model.GetProperty("info").GetProperty("model_id").GetString()}", found.GetProperty("model_version").GetProperty("source").GetString());
    }

    [Fact]
    public async Task LoggedModelThatIsThereTwice_StopsNoImport()
    {
        store.Experiment("1", name);
        store.Run("1", "a1", "first");
        store.LoggedModel("1", "a1", "m-1", "net");
        await ImportAsync();
        var experiment = (await client.Experiments.FindByNameAsync(name, Cancel))!.ExperimentId;
        var twin = new { experiment_id = experiment, name = "net", tags = new[] { new { key = "mlops.import.source", value = $"file:{store.Path}" }, new { key = "mlops.import.runId", value = "m-1" } } };
        (await server.Http.PostAsJsonAsync("/api/2.0/mlflow/logged-models", twin, Cancel)).EnsureSuccessStatusCode();

        var said = await ImportAsync();

        Assert.Equal((0, "", 1), (said.Code, said.Error, Number(said, "unchanged")));
        Assert.Equal(2, (await LoggedModelsAsync(server.Http)).Count);
    }

    [Fact]
    public async Task LoggedModelsOfAServer_AreThereAsTheyWere()
    {
        using var data = new TempDirectory();
        await using var old = await ServerFixture.StartAsync(data.Path);
        Fill();
        store.LoggedModel("1", "a1", "m-1", "net");
        store.Write($"1/0child/inputs/m-1/meta.yaml", "source_type: RUN_INPUT\nsource_id: 0child\ndestination_type: MODEL_INPUT\ndestination_id: m-1\n");
        Assert.Equal(0, (await ImportAsync("--server", old.Urls.First())).Code);

        var said = await Shell.RunAsync("import", "mlflow", "--uri", old.Urls.First(), "-e", name, "--json", "--server", server.BaseAddress.AbsoluteUri);
        var again = await Shell.RunAsync("import", "mlflow", "--uri", old.Urls.First(), "-e", name, "--json", "--server", server.BaseAddress.AbsoluteUri);

        Assert.Equal((0, "", 1, 3), (said.Code, said.Error, Number(said, "loggedModels"), Number(said, "files")));
        Assert.Equal((0, 0), (Number(again, "loggedModels"), Number(again, "files")));
        await CheckLoggedModelAsync();
        await old.StopAsync(Cancel);
    }

    [Fact]
    public async Task FourImportsAtOnce_MakeEachThingOnce()
    {
        Fill();
        store.LoggedModel("1", "a1", "m-1", "net");
        store.Write($"models/{name}/meta.yaml", $"name: {name}\n");
        store.Write($"models/{name}/version-1/meta.yaml", $"name: {name}\nversion: 1\nrun_id: a1\nsource: models:/m-1\ncurrent_stage: Staging\n");
        store.Write($"models/{name}/version-2/meta.yaml", $"name: {name}\nversion: 2\nrun_id: a1\nsource: s3://somewhere/model\ncurrent_stage: None\n");

        var said = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ImportAsync()));

        Assert.All(said, s => Assert.Equal((0, ""), (s.Code, s.Error)));
        Assert.Single(await LoggedModelsAsync(server.Http));
        Assert.Equal(["1 Staging", "2 None"], (await client.Models.ListVersionsAsync(name, Cancel)).Select(v => $"{v.Version} {v.Stage}").Order(StringComparer.Ordinal));
        var runs = await RunsAsync();
        Assert.Equal(["child", "first"], runs.Select(r => r.Info.RunName).Order(StringComparer.Ordinal));
        Assert.Equal(3, (await PointsAsync(runs.Single(r => r.Info.RunName == "first"), "train/loss")).Count);
    }

    [Fact]
    public async Task DeletedVersion_IsImportedAgain_AndADeletedLoggedModelIsNot()
    {
        Fill();
        store.LoggedModel("1", "a1", "m-1", "net");
        store.Write($"models/{name}/meta.yaml", $"name: {name}\n");
        store.Write($"models/{name}/version-1/meta.yaml", $"name: {name}\nversion: 1\nrun_id: a1\nsource: s3://somewhere/model\ncurrent_stage: Production\n");
        await ImportAsync();
        var id = Assert.Single(await LoggedModelsAsync(server.Http)).GetProperty("info").GetProperty("model_id").GetString();
        (await server.Http.DeleteAsync(new Uri($"/api/2.0/mlflow/logged-models/{id}", UriKind.Relative), Cancel)).EnsureSuccessStatusCode();
        await client.Models.DeleteVersionAsync(name, 1, Cancel);

        var said = await ImportAsync();

        Assert.Equal((0, "", 0, 1), (said.Code, said.Error, Number(said, "loggedModels"), Number(said, "modelVersions")));
        Assert.Empty(await LoggedModelsAsync(server.Http));
        Assert.Equal("2 Production", (await client.Models.ListVersionsAsync(name, Cancel)).Select(v => $"{v.Version} {v.Stage}").Single());
    }

    [Fact]
    public async Task RunThatWasRemovedForGood_IsImportedAgain()
    {
        // A platform of its own: removing what was deleted is for all of it.
        using var data = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(data.Path);
        var address = app.Urls.First();
        using var there = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = new Uri(address) });
        Fill();
        await ImportAsync("--server", address);
        var experiment = (await there.Experiments.FindByNameAsync(name, Cancel))!.ExperimentId;
        var first = await there.Runs.SearchAsync(experiment, "run_name = 'first'", cancellationToken: Cancel).SingleAsync(Cancel);
        Assert.Equal(0, (await Shell.RunAsync("runs", "delete", first.Info.RunId, "--server", address)).Code);
        Assert.Equal(2, Number(await ImportAsync("--server", address), "unchanged")); // As long as it can be restored.
        Assert.Equal(0, (await Shell.RunAsync("gc", "--yes", "--older-than", "0s", "--server", address)).Code);

        var said = await ImportAsync("--server", address);

        Assert.Equal((0, 1, 1), (said.Code, Number(said, "runs"), Number(said, "unchanged")));
        var again = await there.Runs.SearchAsync(experiment, "run_name = 'first'", cancellationToken: Cancel).SingleAsync(Cancel);
        Assert.NotEqual(first.Info.RunId, again.Info.RunId);
        Assert.Equal(3, await there.Runs.GetMetricHistoryAsync(again.Info.RunId, "train/loss", Cancel).CountAsync(Cancel));
        await app.StopAsync(Cancel);
    }

    [Fact]
    public async Task RunThatBrokeOff_IsTakenUpAgain_NotMadeAgain()
    {
        Fill();
        var experiment = await client.Experiments.GetOrCreateAsync(name, Cancel);
        var source = $"file:{store.Path}";
        var half = await client.Runs.CreateAsync(
            new NewRun(experiment.ExperimentId, "first", Tags: [new Tag("mlops.import.source", source), new Tag("mlops.import.runId", "a1")]), Cancel);

        var said = await ImportAsync();

        Assert.Equal(2, Number(said, "runs"));
        var run = (await RunsAsync()).Single(r => r.Info.RunName == "first");
        Assert.Equal(half.Info.RunId, run.Info.RunId);
        Assert.Equal(3, (await PointsAsync(run, "train/loss")).Count);
    }

    [Fact]
    public async Task RunThatWentOn_IsBroughtUpToDate()
    {
        store.Experiment("1", name);
        store.Run("1", "a1", "first", status: 1, end: null);
        store.Metric("1", "a1", "loss", "1700000001000 0.5 0");
        await ImportAsync();
        store.Run("1", "a1", "first", status: 3);
        store.Metric("1", "a1", "loss", "1700000001000 0.5 0", "1700000002000 0.4 1");

        var said = await ImportAsync();

        Assert.Equal((1, 0), (Number(said, "runs"), Number(said, "unchanged")));
        var run = Assert.Single(await RunsAsync());
        Assert.Equal(RunStatus.Finished, run.Info.Status);
        Assert.Equal([(1700000001000, 0, 0.5), (1700000002000, 1, 0.4)], await PointsAsync(run, "loss"));
    }

    [Fact]
    public async Task OneBadRun_IsNamed_AndTheOthersAreImported()
    {
        Fill();
        store.Run("1", "bad", "bad");
        store.Metric("1", "bad", "loss", "1700000001000 0.5 0", "no point at all");
        store.Run("1", "worse", "worse");
        store.Write("1/worse/inputs/i/meta.yaml", "source_type: DATASET\nsource_id: d-lost\n");

        var said = await ImportAsync();

        Assert.Equal(3, said.Code);
        Assert.Contains("loss:2 must be written 'timestamp value step'", said.Error, StringComparison.Ordinal);
        Assert.Contains("names dataset 'd-lost'", said.Error, StringComparison.Ordinal);
        Assert.Equal(2, said.Json.GetProperty("failures").GetArrayLength());
        Assert.Equal(2, (await RunsAsync()).Count(r => r.Tags.Any(t => t.Key == "mlops.import.state")));
    }

    [Theory]
    [InlineData("10.5", null)]
    [InlineData("1e3", null)]
    [InlineData("abc", null)]
    [InlineData("99999999999999999999", null)]
    [InlineData("10.0", 10)]
    [InlineData("-3", -3)]
    public async Task Step_IsWhatIsWritten_OrAFailureThatNamesFileAndLine(string step, int? imported)
    {
        store.Experiment("1", name);
        store.Run("1", "a1", "first");
        store.Metric("1", "a1", "loss", "1700000001000 0.5 7", $"1700000002000 0.4 {step}");

        var said = await ImportAsync();

        if (imported is { } whole)
        {
            Assert.Equal((0, ""), (said.Code, said.Error));
            Assert.Equal([(1700000001000, 7, 0.5), (1700000002000, whole, 0.4)], await PointsAsync(Assert.Single(await RunsAsync()), "loss"));
        }
        else
        {
            Assert.Equal(3, said.Code);
            Assert.Contains($"loss:2: step is '{step}'", said.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("1", 1L)]
    [InlineData("+1", 1L)]
    [InlineData("10.0", 10L)]
    [InlineData("10.", 10L)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("9223372036854775808", null)]
    [InlineData("10.5", null)]
    [InlineData("1e3", null)]
    [InlineData(".0", null)]
    [InlineData("0x1", null)]
    [InlineData(" 1", null)]
    [InlineData("1,000", null)]
    public void WholeNumber_IsReadExactly_OrNotAtAll(string text, long? number) => Assert.Equal(number, WholeNumber.TryRead(text));

    [Fact]
    public void WholeNumberThatCannotBeRead_NamesItsPlace()
    {
        Assert.Null(WholeNumber.Read("", "step", () => "nowhere"));
        var refusal = Assert.Throws<MlopsException>(() => WholeNumber.Read("10.5", "step", () => """{"key":"loss","step":"10.5"}"""));
        Assert.Equal("""{"key":"loss","step":"10.5"}: step is '10.5'; expected a whole number of 64 bits.""", refusal.Message);
    }

    [Fact]
    public async Task Server_IsThereAsItWas()
    {
        using var data = new TempDirectory();
        await using var old = await ServerFixture.StartAsync(data.Path);
        using var source = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = new Uri(old.Urls.First()) });
        await using (var run = await source.StartRunAsync(name, new RunOptions { Name = "from a server" }, Cancel))
        {
            run.LogParam("lr", 0.1);
            var input = new { run_id = run.RunId, datasets = new[] { new { dataset = new { name = "iris", digest = "d1", source_type = "local", source = "iris.csv" }, tags = new[] { new { key = "mlflow.data.context", value = "test" } } } } };
            using var http = new HttpClient { BaseAddress = new Uri(old.Urls.First()) };
            (await http.PostAsJsonAsync("/api/2.0/mlflow/runs/log-inputs", input, Cancel)).EnsureSuccessStatusCode();
            for (var i = 0; i < 2500; i++)
            {
                run.LogMetric("loss", 1.0 / (i + 1), i);
            }

            await run.LogArtifactAsync("deep/down/a b.txt", new MemoryStream("hello"u8.ToArray()), Cancel);
            await run.StartChildAsync(cancellationToken: Cancel);
        }

        var said = await Shell.RunAsync("import", "mlflow", "--uri", old.Urls.First(), "-e", name, "--json", "--server", server.BaseAddress.AbsoluteUri);
        var again = await Shell.RunAsync("import", "mlflow", "--uri", old.Urls.First(), "-e", name, "--json", "--server", server.BaseAddress.AbsoluteUri);

        Assert.Equal((0, ""), (said.Code, said.Error));
        Assert.Equal((2, 2500, 1), (Number(said, "runs"), Number(said, "points"), Number(said, "files")));
        Assert.Equal((0, 2), (Number(again, "runs"), Number(again, "unchanged")));
        var imported = (await RunsAsync()).Single(r => r.Info.RunName == "from a server");
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => 1.0 / (i + 1)), (await PointsAsync(imported, "loss")).OrderBy(p => p.Step).Select(p => p.Value));
        Assert.Equivalent(new DatasetInput("iris", "d1", "local", "iris.csv", null, null, [new Tag("mlflow.data.context", "test")]), Assert.Single(imported.Inputs), strict: true);
        Assert.Equal("hello", await new StreamReader(await client.Runs.DownloadArtifactAsync(imported.Info.RunId, "deep/down/a b.txt", Cancel)).ReadToEndAsync(Cancel));
        await old.StopAsync(Cancel);
    }

    [Theory]
    [InlineData("", "Give either --uri or --dir")]
    [InlineData("--dir a --uri http://b", "Give either --uri or --dir")]
    [InlineData("--uri ./mlruns", "a file store is given with --dir")]
    [InlineData("--dir /no/such/directory", "There is no directory '/no/such/directory'")]
    public async Task UsageFault_IsCode2(string line, string message)
    {
        var said = await Shell.RunAsync(["import", "mlflow", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(2, said.Code);
        Assert.Contains(message, said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IntoItself_IsRefused()
    {
        var said = await Shell.RunAsync("import", "mlflow", "--uri", server.BaseAddress.AbsoluteUri, "--server", server.BaseAddress.AbsoluteUri);

        Assert.Equal(2, said.Code);
        Assert.Contains("cannot be imported into itself", said.Error, StringComparison.Ordinal);
    }

    private void Fill()
    {
        store.Experiment("1", name);
        store.Experiment("2", name + "-deleted", stage: "deleted");
        store.Run("1", "a1", "first");
        store.Metric("1", "a1", "train/loss", "1700000001000 0.5 0", "1700000002000 0.25 1", "1700000003000 nan 2");
        store.Metric("1", "a1", "odd", "1700000001000 -inf");
        store.Write("1/a1/params/lr", "0.1");
        store.Write("1/a1/params/model/depth", "7");
        store.Write("1/a1/tags/team", "growth\nand more");
        store.Write("1/a1/artifacts/notes/a.txt", "hello");
        store.Dataset("1", "a1", "iris", "training");
        store.Run("1", "0child", "child", status: 4);
        store.Write("1/0child/tags/mlflow.parentRunId", "a1");
        store.Metric("1", "0child", "loss", "1700000001000 1e-05 0");
        store.Run("1", "gone", "gone", stage: "deleted");
        store.Write(".trash/3/meta.yaml", "name: x\nlifecycle_stage: deleted\n");
    }

    private async Task CheckLoggedModelAsync()
    {
        var runs = await RunsAsync();
        var (run, child) = (runs.Single(r => r.Info.RunName == "first"), runs.Single(r => r.Info.RunName == "child"));
        var model = Assert.Single(await LoggedModelsAsync(server.Http));
        var (info, values) = (model.GetProperty("info"), model.GetProperty("data"));
        var id = info.GetProperty("model_id").GetString()!;
        Assert.Equal(
            ("net", "sklearn", run.Info.RunId, "LOGGED_MODEL_READY"),
            (info.GetProperty("name").GetString(), info.GetProperty("model_type").GetString(), info.GetProperty("source_run_id").GetString(), info.GetProperty("status").GetString()));
        Assert.Equal([("depth", "7")], values.GetProperty("params").EnumerateArray().Select(p => (p.GetProperty("key").GetString(), p.GetProperty("value").GetString())));
        Assert.Contains(info.GetProperty("tags").EnumerateArray(), t => t.GetProperty("key").GetString() == "team" && t.GetProperty("value").GetString() == "growth");
        var metrics = values.GetProperty("metrics").EnumerateArray().Where(m => m.GetProperty("key").GetString() == "accuracy").ToList();
        Assert.All(metrics, m => Assert.Equal(run.Info.RunId, m.GetProperty("run_id").GetString()));
        Assert.Equal([(1700000004000, 3, 0.9), (1700000004500, 4, double.NaN)], await PointsAsync(run, "accuracy"));
        Assert.Equal([id], run.ModelOutputs.Select(m => m.ModelId));
        Assert.Equal(3, run.ModelOutputs[0].Step);
        Assert.Equal([id], child.ModelInputs);
        Assert.Equal("weights", await server.Http.GetStringAsync(new Uri($"/ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files?artifact_file_path=data/model.bin", UriKind.Relative), Cancel));
    }

    private async Task<List<JsonElement>> LoggedModelsAsync(HttpClient http)
    {
        var experiment = await client.Experiments.FindByNameAsync(name, Cancel);
        using var answer = await http.PostAsJsonAsync("/api/2.0/mlflow/logged-models/search", new { experiment_ids = new[] { experiment!.ExperimentId } }, Cancel);
        var page = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        return page.TryGetProperty("models", out var models) ? [.. models.EnumerateArray()] : [];
    }

    private Task<Said> ImportAsync(params string[] more) =>
        Shell.RunAsync(["import", "mlflow", "--dir", store.Path, "--json", .. more.Contains("--server") ? [] : (string[])["--server", server.BaseAddress.AbsoluteUri], .. more]);

    private async Task<List<Run>> RunsAsync()
    {
        var experiment = await client.Experiments.FindByNameAsync(name, Cancel);
        return await client.Runs.SearchAsync(experiment!.ExperimentId, cancellationToken: Cancel).OrderBy(r => r.Info.RunId).ToListAsync(Cancel);
    }

    /// <summary>What the audit chain holds of these runs and their experiment; the platform is shared, so others' events come meanwhile.</summary>
    private async Task<List<long>> EventsAsync(List<Run> runs) =>
        await client.Audit.EventsAsync(cancellationToken: Cancel)
            .Where(e => runs.Any(r => e.Subject.Contains(r.Info.RunId, StringComparison.Ordinal)) || e.Subject == $"experiment/{runs[0].Info.ExperimentId}")
            .Select(e => e.Sequence)
            .ToListAsync(Cancel);

    private async Task<List<(long Timestamp, long Step, double Value)>> PointsAsync(Run run, string key) =>
        await client.Runs.GetMetricHistoryAsync(run.Info.RunId, key, Cancel).Select(m => (m.Timestamp, m.Step, m.Value)).ToListAsync(Cancel);

    private static int Number(Said said, string property) => said.Json.GetProperty(property).GetInt32();
}
