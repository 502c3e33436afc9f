using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Tests.Experiments;

/// <summary>Experiments and runs through the grains, on real storage.</summary>
public sealed class TrackingFlowTests(SiloFixture silo)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IExperimentCatalogGrain Catalog => silo.Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);

    [Fact]
    public async Task DefaultExperiment_ExistsFromTheStart()
    {
        var experiment = await silo.Grains.GetGrain<IExperimentGrain>("0").Get(Token);

        Assert.Equal(("0", "Default", "mlflow-artifacts:/0"), (experiment!.ExperimentId, experiment.Name, experiment.ArtifactLocation));
        Assert.Equal("0", (await Catalog.FindByName("Default", Token))!.ExperimentId);
    }

    [Fact]
    public async Task UnknownExperiment_IsNull_AndRefusesChanges()
    {
        var unknown = silo.Grains.GetGrain<IExperimentGrain>("987654");

        Assert.Null(await unknown.Get(Token));
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => unknown.SetTag("k", "v", Token))).Kind);
    }

    [Fact]
    public async Task GetOrCreate_OfOneNameByAThousand_GivesOneExperiment()
    {
        var name = Unique("crowd");
        var ids = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => GetOrCreate(name)));

        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task Name_OfADeletedExperiment_StaysTaken()
    {
        var (id, name) = await NewExperiment();
        await Experiment(id).Delete(Token);

        Assert.Equal(ErrorKind.AlreadyExists, (await Assert.ThrowsAsync<MlopsException>(() => Catalog.Create(new NewExperiment(name), Token))).Kind);
        Assert.Equal(LifecycleStage.Deleted, (await Catalog.FindByName(name, Token))!.LifecycleStage);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Experiment(id).Delete(Token))).Kind);
        Assert.Equal(ErrorKind.InvalidInput, (await Assert.ThrowsAsync<MlopsException>(() => Experiment(id).Rename(Unique("x"), Token))).Kind);
    }

    [Fact]
    public async Task Rename_MovesTheName_AndRefusesAUsedOne()
    {
        var (id, name) = await NewExperiment();
        var (_, other) = await NewExperiment();
        var next = Unique("renamed");

        Assert.Equal(ErrorKind.AlreadyExists, (await Assert.ThrowsAsync<MlopsException>(() => Experiment(id).Rename(other, Token))).Kind);
        Assert.Equal(name, (await Experiment(id).Get(Token))!.Name);

        await Experiment(id).Rename(next, Token);
        Assert.Equal(next, (await Experiment(id).Get(Token))!.Name);
        Assert.Equal(id, (await Catalog.FindByName(next, Token))!.ExperimentId);
        Assert.Null(await Catalog.FindByName(name, Token));
    }

    [Fact]
    public async Task DeleteAndRestore_TakeAllRunsAlong_AlsoThoseDeletedOneByOne()
    {
        var (id, _) = await NewExperiment();
        var (kept, gone) = (await NewRun(id), await NewRun(id));
        await gone.Delete(Token);
        await gone.Delete(Token);

        await Experiment(id).Delete(Token);
        Assert.Equal(LifecycleStage.Deleted, (await kept.Get(Token))!.Info.LifecycleStage);
        var refused = await Assert.ThrowsAsync<MlopsException>(() => kept.LogBatch(Points(("a", 1, 1, 1)), Token));
        Assert.Contains("'active' state", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await Search(id, view: LifecycleView.DeletedOnly)).Count);

        await Experiment(id).Restore(Token);
        Assert.Equal(LifecycleStage.Active, (await kept.Get(Token))!.Info.LifecycleStage);
        Assert.Equal(LifecycleStage.Active, (await gone.Get(Token))!.Info.LifecycleStage);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Experiment(id).Restore(Token))).Kind);
        Assert.Equal(2, (await Search(id)).Count);
    }

    [Fact]
    public async Task CreateRun_InADeletedOrUnknownExperiment_IsRefused()
    {
        var (id, _) = await NewExperiment();
        await Experiment(id).Delete(Token);

        Assert.Equal(ErrorKind.InvalidInput, (await Assert.ThrowsAsync<MlopsException>(() => NewRun(id))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => NewRun("8888888"))).Kind);
    }

    [Fact]
    public async Task OneRun_TakesAHundredWritersAtOnce_AndLosesNothing()
    {
        const int Writers = 100, Batches = 12, Points = 40;
        var (id, _) = await NewExperiment();
        var run = await NewRun(id);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var batch = 0; batch < Batches; batch++)
            {
                var first = ((batch * Writers) + writer) * Points;
                var points = TrackingFlowTests.Points([.. Enumerable.Range(first, Points).Select(i => ("m", (double)i, (long)(batch * 1000), (long)i))]);
                await run.LogBatch(points with { Producer = new ProducerPosition("w" + writer, batch + 1) }, Token);
            }
        }));
        await run.Update(new RunUpdate(RunStatus.Finished), Token);
        await silo.Cluster.DeactivateAsync(run);

        var (steps, token) = (new List<long>(), (string?)null);
        do
        {
            var page = await run.GetMetricHistory("m", token, 25_000, Token);
            steps.AddRange(page.Points.Steps);
            token = page.NextPageToken;
        }
        while (token is not null);
        Assert.Equal(Enumerable.Range(0, Writers * Batches * Points).Select(i => (long)i), steps.Order());
    }

    [Fact]
    public async Task LongHistory_GoesIntoChunks_AndIsReadAsIfItHadNot()
    {
        const int Batches = 60;
        var (id, _) = await NewExperiment();
        var run = await NewRun(id);
        for (var batch = 0; batch < Batches; batch++)
        {
            await run.LogBatch(Curve(batch), Token);
        }

        var journal = silo.Services.GetRequiredService<IJournal>();
        var stream = "run/" + run.GetPrimaryKeyString();
        Assert.NotEmpty(await journal.ReadChunksAsync(stream, "loss", 0, 100, Token));

        // A repeat and a straggler that fall into chunks, while the run is awake and after it was away.
        await run.LogBatch(Curve(3), Token);
        await silo.Cluster.DeactivateAsync(run);
        await run.LogBatch(Curve(5), Token);
        await run.LogBatch(Points(("loss", -1, 1500, 1500)), Token);
        await AssertHistory();

        await run.Update(new RunUpdate(RunStatus.Finished, 1), Token);
        var (snapshot, entries) = await journal.ReadAsync(stream, Token) is { Snapshot: { } s, Entries: var e } ? (s.Length, e.Count) : (0, -1);
        Assert.Equal(0, entries);
        Assert.InRange(snapshot, 100, 2000);
        var stored = (await journal.ReadChunksAsync(stream, "loss", 0, 100, Token)).Sum(c => c.Length);
        Assert.InRange((stored + snapshot) / (Batches * 1000.0), 1, 5);
        await AssertHistory();
        await silo.Cluster.DeactivateAsync(run);
        await AssertHistory();

        async Task AssertHistory()
        {
            var (values, token) = (new List<double>(), (string?)null);
            do
            {
                var page = await run.GetMetricHistory("loss", token, 25_000, Token);
                values.AddRange(page.Points.Values);
                token = page.NextPageToken;
            }
            while (token is not null);
            Assert.Equal((Batches * 1000) + 1, values.Count);
            Assert.Equal(-1, values[1500]);
            Assert.Equal(-1, (await run.GetMetricBuckets("loss", 100, long.MinValue, long.MaxValue, Token)).Buckets.Min(b => b.Min!.Value));
            Assert.Equal((Batches * 1000) - 1, Assert.Single((await run.Get(Token))!.Metrics).Step);
        }

        static RunBatch Curve(int batch) => Points([.. Enumerable.Range(batch * 1000, 1000).Select(i => ("loss", (double)(float)(1 + Math.Sin(i)), (long)i, (long)i))]);
    }

    [Fact]
    public async Task Run_KeepsWhatWasLogged_OverADeactivation()
    {
        var (id, _) = await NewExperiment();
        var run = await NewRun(id);
        await run.LogBatch(Points(("loss", 0.5, 10, 1), ("loss", double.NaN, 20, 2), ("acc", 0.9, 20, 2)) with { Params = [new("lr", "0.1")], Tags = [new("owner", "ada")] }, Token);
        await run.LogBatch(Points(("loss", 0.5, 10, 1), ("loss", 0.4, 30, 3)), Token);
        await run.Update(new RunUpdate(RunStatus.Finished, 99), Token);
        var before = await run.Get(Token);

        await silo.Cluster.DeactivateAsync(run);

        var after = await run.Get(Token);
        Assert.Equal(before!.Info, after!.Info);
        Assert.Equal(before.Metrics, after.Metrics);
        Assert.Equal(before.Params, after.Params);
        Assert.Equal(before.Tags, after.Tags);
        Assert.Equal([new("acc", 0.9, 20, 2), new("loss", 0.4, 30, 3)], after.Metrics);
        var history = await run.GetMetricHistory("loss", null, 25_000, Token);
        Assert.Equal([10L, 20, 30], history.Points.Timestamps);
        Assert.Null(history.NextPageToken);
    }

    [Fact]
    public async Task UnknownRun_IsNull_HasNoHistory_AndRefusesWrites()
    {
        var run = silo.Grains.GetGrain<IRunGrain>("0123456789abcdef0123456789abcdef");

        Assert.Null(await run.Get(Token));
        Assert.Equal(0, (await run.GetMetricHistory("loss", null, 10, Token)).Points.Count);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => run.LogBatch(Points(("a", 1, 1, 1)), Token))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => run.Delete(Token))).Kind);
    }

    [Fact]
    public async Task CreateRun_Again_AnswersTheStoredRun()
    {
        var (id, _) = await NewExperiment();
        var run = silo.Grains.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"));
        var first = await run.Create(new NewRun(id, "one"), Token);
        var second = await run.Create(new NewRun(id, "two"), Token);

        Assert.Equal(first.Info, second.Info);
        Assert.Equal($"mlflow-artifacts:/{id}/{first.Info.RunId}/artifacts", first.Info.ArtifactUri);
    }

    [Fact]
    public async Task Search_SeesWhatWasAcknowledged_WhileManyWriteAndMerges()
    {
        var (first, _) = await NewExperiment();
        var (second, _) = await NewExperiment();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var id = i % 2 == 0 ? first : second;
            var run = await NewRun(id);
            for (var step = 1; step <= 8; step++)
            {
                await run.LogBatch(Points(("step", step, step, step)), Token);
                var key = run.GetPrimaryKeyString();
                var found = await silo.Grains.GetGrain<IRunSearchGrain>(0).Search(
                    new RunQuery([first, second], $"metrics.step >= {step} and run_id = '{key}'", LifecycleView.ActiveOnly, [], 10, null), Token);
                Assert.Equal(step, Assert.Single(found.Items).Metrics[0].Value);
            }
        }));

        var pages = new List<string>();
        string? token = null;
        do
        {
            var page = await silo.Grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([second, first], null, LifecycleView.All, ["metrics.step DESC"], 7, token), Token);
            pages.AddRange(page.Items.Select(r => r.Info.RunId));
            token = page.NextPageToken;
        }
        while (token is not null);

        Assert.Equal(40, pages.Count);
        Assert.Equal(40, pages.Distinct().Count());
    }

    [Fact]
    public async Task Search_AfterTheIndexRestarted_FindsEverything()
    {
        var (id, _) = await NewExperiment();
        var run = await NewRun(id);
        await run.LogBatch(Points(("x", 1, 1, 1)), Token);
        await NewRun(id);
        Assert.Equal(2, (await Search(id)).Count);

        foreach (var shard in silo.Grains.RunIndex(id))
        {
            await silo.Cluster.DeactivateAsync(shard);
        }

        await run.LogBatch(Points(("x", 2, 2, 2)), Token);

        Assert.Equal(2, (await Search(id)).Count);
        Assert.Single(await Search(id, "metrics.x = 2"));
    }

    [Theory]
    [InlineData("metrics.a >", "filter")]
    [InlineData("metrics.a > '1'", "filter")]
    [InlineData("params.a = 1", "filter")]
    [InlineData("nonsense = 'x'", "filter")]
    [InlineData("metrics.a = 1 OR", "filter")]
    public async Task Search_WithABadFilter_IsRefusedNamingIt(string filter, string field)
    {
        var refused = await Assert.ThrowsAsync<MlopsException>(() => Search("0", filter));

        Assert.Equal((ErrorKind.InvalidInput, field), (refused.Kind, refused.Field));
    }

    [Fact]
    public async Task EndOfARun_IsAuditedWithCounts()
    {
        var (id, _) = await NewExperiment();
        var run = await NewRun(id);
        await run.LogBatch(Points(("a", 1, 1, 1), ("a", 2, 2, 2), ("b", 1, 1, 1)), Token);
        await run.Update(new RunUpdate(RunStatus.Finished), Token);

        var events = await Events($"run/{run.GetPrimaryKeyString()}");
        Assert.Equal(["run.created", "run.ended"], events.Select(e => e.Action));
        Assert.Equal(("2", "3"), (events[1].Detail["metricKeys"], events[1].Detail["metricPoints"]));
    }

    [Fact]
    public async Task ExperimentSearch_FiltersOrdersAndPages()
    {
        var tag = Unique("group");
        foreach (var name in (string[])["b", "a", "c"])
        {
            await Catalog.Create(new NewExperiment($"{tag}-{name}", Tags: [new("group", tag)]), Token);
        }

        var query = new ExperimentQuery($"tags.group = '{tag}'", LifecycleView.ActiveOnly, ["name ASC"], 2, null);
        var first = await Catalog.Search(query, Token);
        var second = await Catalog.Search(query with { PageToken = first.NextPageToken }, Token);

        Assert.Equal([$"{tag}-a", $"{tag}-b", $"{tag}-c"], first.Items.Concat(second.Items).Select(e => e.Name));
        Assert.Null(second.NextPageToken);
        Assert.Equal("filter", (await Assert.ThrowsAsync<MlopsException>(() => Catalog.Search(query with { Filter = "nope = 1" }, Token))).Field);
    }

    internal static RunBatch Points(params (string Key, double Value, long Timestamp, long Step)[] points)
    {
        var keys = points.Select(p => p.Key).Distinct().ToArray();
        return new RunBatch(
            new MetricColumns(keys, [.. points.Select(p => Array.IndexOf(keys, p.Key))], [.. points.Select(p => p.Value)], [.. points.Select(p => p.Timestamp)], [.. points.Select(p => p.Step)]),
            [],
            []);
    }

    private static string Unique(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    private async Task<string> GetOrCreate(string name)
    {
        if (await Catalog.FindByName(name, Token) is { } found)
        {
            return found.ExperimentId;
        }

        try
        {
            return (await Catalog.Create(new NewExperiment(name), Token)).ExperimentId;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            return (await Catalog.FindByName(name, Token))!.ExperimentId;
        }
    }

    private async Task<(string Id, string Name)> NewExperiment()
    {
        var created = await Catalog.Create(new NewExperiment(Unique("experiment")), Token);
        return (created.ExperimentId, created.Name);
    }

    private IExperimentGrain Experiment(string id) => silo.Grains.GetGrain<IExperimentGrain>(id);

    private async Task<IRunGrain> NewRun(string experimentId)
    {
        var run = silo.Grains.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"));
        await run.Create(new NewRun(experimentId), Token);
        return run;
    }

    private async Task<IReadOnlyList<Run>> Search(string id, string? filter = null, LifecycleView view = LifecycleView.ActiveOnly) =>
        (await silo.Grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([id], filter, view, [], 100, null), Token)).Items;

    private async Task<List<AuditEvent>> Events(string subject)
    {
        var found = new List<AuditEvent>();
        var chain = silo.Grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);
        for (var after = 0L; ; after += 1000)
        {
            var page = await chain.Read(after, 1000, Token);
            found.AddRange(page.Items.Where(e => e.Subject == subject));
            if (page.NextPageToken is null)
            {
                return found;
            }
        }
    }
}
