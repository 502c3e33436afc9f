using System.Text;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests;

/// <summary>The client against the real platform.</summary>
public sealed class ServerTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Info_IsTheServers()
    {
        using var client = Connect();

        var info = await client.GetInfoAsync(Cancel);

        Assert.Equal(("all", "sqlite"), (info.Role, info.Storage));
        Assert.NotEmpty(info.Version);
    }

    [Fact]
    public async Task Audit_HereAndThere_AgreeOnTheChain()
    {
        using var client = Connect();

        var there = await client.Audit.VerifyOnServerAsync(Cancel);
        var here = await client.Audit.VerifyAsync(Cancel);

        Assert.True(there.Valid);
        Assert.True(here.Valid);
        Assert.True(here.Events >= there.Events); // Other tests go on writing.
    }

    [Fact]
    public async Task UnknownPath_IsNotFound()
    {
        using var client = Connect();

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => client.Runs.GetAsync("no-such-run", Cancel))).Kind);
    }

    [Fact]
    public async Task Creation_WhoseAnswerIsLost_IsMadeOnce()
    {
        using var losing = new LosesFirstAnswers(new SocketsHttpHandler());
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress }, losing, new ImpatientTime());
        var name = $"lost-{Guid.NewGuid():N}";

        var experiment = await client.Experiments.CreateAsync(new NewExperiment(name), Cancel);
        var run = await client.Runs.CreateAsync(new NewRun(experiment.ExperimentId), Cancel);
        var model = await client.Models.CreateAsync(name, cancellationToken: Cancel);

        Assert.Equal(3, losing.Lost);
        Assert.Equal([run.Info.RunId], await client.Runs.SearchAsync(experiment.ExperimentId, cancellationToken: Cancel).Select(r => r.Info.RunId).ToListAsync(Cancel));
        Assert.Equal(name, model.Name);
    }

    [Fact]
    public async Task RunOfACallersId_IsMadeOnce_InOneExperiment()
    {
        using var client = Connect();
        var experiment = await client.Experiments.CreateAsync(new NewExperiment($"own-id-{Guid.NewGuid():N}"), Cancel);
        var other = await client.Experiments.CreateAsync(new NewExperiment($"own-id-{Guid.NewGuid():N}"), Cancel);
        var id = Guid.NewGuid().ToString("N");

        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => client.Runs.CreateWithIdAsync(id, new NewRun(experiment.ExperimentId, $"name {i}"), Cancel)));

        Assert.Equal(id, Assert.Single(runs.Select(r => r.Info).Distinct()).RunId);
        Assert.Single(await client.Runs.SearchAsync(experiment.ExperimentId, cancellationToken: Cancel).ToListAsync(Cancel));
        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<MlopsException>(() => client.Runs.CreateWithIdAsync(id, new NewRun(other.ExperimentId), Cancel))).Kind);
        var refusal = await Assert.ThrowsAsync<MlopsException>(() => client.Runs.CreateWithIdAsync("my-run", new NewRun(experiment.ExperimentId), Cancel));
        Assert.Equal((ErrorKind.InvalidInput, "id", "id must be 32 lower-case hex digits."), (refusal.Kind, refusal.Field, refusal.Message));
    }

    [Fact]
    public async Task RunOfAKey_IsTheSame_WhoeverAsks_AndAnotherOneIsRefused()
    {
        using var client = Connect();
        var experiment = await client.Experiments.CreateAsync(new NewExperiment($"keyed-{Guid.NewGuid():N}"), Cancel);
        var (wanted, key) = (new NewRun(experiment.ExperimentId, "first"), $"key of {experiment.ExperimentId}");

        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var other = Connect();
            return await other.Runs.CreateAsync(wanted, key, Cancel);
        }));

        Assert.Single(runs.Select(r => r.Info.RunId).Distinct());
        Assert.Single(await client.Runs.SearchAsync(experiment.ExperimentId, cancellationToken: Cancel).ToListAsync(Cancel));
        var refused = await Assert.ThrowsAsync<MlopsException>(() => client.Runs.CreateAsync(wanted with { RunName = "second" }, key, Cancel));
        Assert.Equal(ErrorKind.InvalidInput, refused.Kind);
        Assert.Contains("Idempotency-Key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FromStartToEnd_IsStoredAsLogged()
    {
        using var client = Connect();
        string id;
        await using (var run = await client.StartRunAsync($"churn-{Guid.NewGuid():N}", new RunOptions { Name = "first" }, Cancel))
        {
            id = run.RunId;
            run.LogParam("lr", 0.1);
            for (var step = 0; step < 3; step++)
            {
                run.LogMetric("loss", 1.0 / (step + 1), step);
            }

            using var report = new MemoryStream("fine"u8.ToArray());
            await run.LogArtifactAsync("notes/report.txt", report, Cancel);
        }

        var stored = await client.Runs.GetAsync(id, Cancel);
        var history = await client.Runs.GetMetricHistoryAsync(id, "loss", Cancel).Select(m => m.Value).ToListAsync(Cancel);
        using var artifact = new StreamReader(await client.Runs.DownloadArtifactAsync(id, "notes/report.txt", Cancel));

        Assert.Equal((RunStatus.Finished, "first"), (stored.Info.Status, stored.Info.RunName));
        Assert.Equal(new Tag("lr", "0.1"), Assert.Single(stored.Params));
        Assert.Equal([1.0, 1.0 / 2, 1.0 / 3], history);
        Assert.Equal("fine", await artifact.ReadToEndAsync(Cancel));
    }

    [Fact]
    public async Task Model_IsChangedAndRemoved()
    {
        using var client = Connect();
        var name = $"m {Guid.NewGuid():N}";
        await client.Models.CreateAsync(name, cancellationToken: Cancel);

        await client.Models.SetTagAsync(name, "a/b", "1", cancellationToken: Cancel);
        await client.Models.UpdateAsync(name, "what it is", Cancel);
        var renamed = await client.Models.RenameAsync(name, name + " 2", Cancel);

        Assert.Equal((name + " 2", "what it is", "1"), (renamed.Name, renamed.Description, renamed.Tags["a/b"]));
        await client.Models.DeleteTagAsync(renamed.Name, "a/b", cancellationToken: Cancel);
        Assert.Empty((await client.Models.GetAsync(renamed.Name, Cancel)).Tags);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => client.Models.DeleteVersionAsync(renamed.Name, 1, Cancel))).Kind);
        await client.Models.DeleteAsync(renamed.Name, Cancel);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => client.Models.GetAsync(renamed.Name, Cancel))).Kind);
    }

    [Fact]
    public async Task Dataset_UploadedTwice_IsOneVersionWithItsBytes()
    {
        using var client = Connect();
        var name = $"data-{Guid.NewGuid():N}";
        var bytes = "x,label\n1,a\n2,b\n"u8.ToArray();

        var first = await client.Datasets.UploadAsync(name, new MemoryStream(bytes), cancellationToken: Cancel);
        var again = await client.Datasets.UploadAsync(name, new MemoryStream(bytes), cancellationToken: Cancel);
        await using var content = await client.Datasets.OpenContentAsync(name, cancellationToken: Cancel);
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, Cancel);

        Assert.Equal((1, 1, 2L), (first.Version, again.Version, first.Rows));
        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact]
    public async Task Dataset_WithOptions_IsReadAsTheySay_AndItsOriginalComesBack()
    {
        using var client = Connect();
        var name = $"data-{Guid.NewGuid():N}";
        var bytes = Encoding.Latin1.GetBytes("Zürich;NA;1,5\nBern;;2,5\n");

        var version = await client.Datasets.UploadAsync(name, new MemoryStream(bytes), new CsvOptions(";", ",", "iso-8859-1", Columns: ["ort", "n", "x"], Missing: []), cancellationToken: Cancel);
        await using var original = await client.Datasets.OpenOriginalAsync(name, cancellationToken: Cancel);
        using var copy = new MemoryStream();
        await original.CopyToAsync(copy, Cancel);

        Assert.Equal(["ort:Text:0", "n:Text:1", "x:Number:0"], version.Columns.Select(c => $"{c.Name}:{c.Type}:{c.Missing}"));
        Assert.Equal(bytes, copy.ToArray());
        Assert.Equal("missing", (await Assert.ThrowsAsync<MlopsException>(() => client.Datasets.UploadAsync(name, new MemoryStream(bytes), new CsvOptions(Missing: ["a,b"]), cancellationToken: Cancel))).Field);
    }

    [Fact]
    public async Task Dataset_WithARaggedRow_IsRefusedAndLeavesNothing()
    {
        using var client = Connect();
        var name = $"data-{Guid.NewGuid():N}";

        var refusal = await Assert.ThrowsAsync<MlopsException>(() => client.Datasets.UploadAsync(name, new MemoryStream("x,y\n1,2\n3\n"u8.ToArray()), cancellationToken: Cancel));

        Assert.Equal(ErrorKind.InvalidInput, refusal.Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => client.Datasets.GetAsync(name, Cancel))).Kind);
    }

    private MlopsGrainsClient Connect() => MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });

    /// <summary>Lets the server do the work, then loses the first answer to each creation.</summary>
    private sealed class LosesFirstAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private readonly HashSet<string> seen = [];

        public int Lost { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (!request.Headers.TryGetValues("Idempotency-Key", out var keys) || !seen.Add(keys.Single()))
            {
                return response;
            }

            response.Dispose();
            Lost++;
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection broke.");
        }
    }
}
