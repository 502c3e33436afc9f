using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

/// <summary>The index through a real silo on real storage.</summary>
public sealed class RunIndexTests(SiloFixture silo)
{
    private static readonly RunIndexCodec Codec = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restart_AsksOnlyRunsThatAreNotSettled()
    {
        var id = await NewExperiment();
        var (ended, running) = (await NewRuns(id, 40), await NewRuns(id, 3));
        await End(ended);
        Assert.Equal(40, (await Search(id, "metrics.m >= 0 AND status = 'FINISHED'")).Items.Count);
        await Settled(id, ended);
        await Restart(id, ended.Concat(running));

        Assert.Equal(43, (await Search(id, null)).Items.Count);
        var active = await silo.Grains.GetGrain<IManagementGrain>(0).GetActiveGrains(GrainType.Create("run"), Token);
        Assert.DoesNotContain(ended, run => active.Contains(run.GetGrainId()));
    }

    [Fact]
    public async Task SettledRun_ThatChanges_IsSeenChangedAfterARestart()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 12);
        await End(runs);
        await Search(id, null);
        await Settled(id, runs);

        await Task.WhenAll(runs.Take(6).Select(run => run.LogBatch(TrackingFlowTests.Points(("m", -1, 9, 9)), Token)));
        await runs[11].Delete(Token);
        await Restart(id, runs);

        Assert.Equal(6, (await Search(id, "metrics.m = -1")).Items.Count);
        Assert.Equal(11, (await Search(id, null)).Items.Count);
        Assert.Equal(12, (await Search(id, null, LifecycleView.All)).Items.Count);
    }

    [Fact]
    public async Task RunsThatNobodySearchedFor_AreSettledByTheSweep()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 400); // More in a shard than the sweep takes at once.
        await End(runs);

        await Settled(id, runs);
    }

    [Fact]
    public async Task RemovedRun_IsNotFoundAgain()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 2);
        await Search(id, null);
        var gone = runs[0].GetPrimaryKeyString();
        await silo.Grains.RunIndexOf(id, gone).Remove([gone], Token);

        Assert.Single((await Search(id, null)).Items);
        await Restart(id, []);
        Assert.Single((await Search(id, null)).Items);
    }

    [Fact]
    public async Task DeletedExperiment_IsSearchedAsDeletedAtOnce_AndItsRunsFollow()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 30);
        await End(runs.Take(20));
        await Search(id, null);
        await Settled(id, runs.Take(20));

        await Task.WhenAll(silo.Grains.RunIndex(id).Select(shard => shard.Follow(LifecycleStage.Deleted, TimeSpan.Zero, Token)));
        Assert.Empty((await Search(id, null)).Items);
        Assert.Equal(30, (await Search(id, null, LifecycleView.DeletedOnly)).Items.Count);

        await Eventually.Async(
            async () => (await Task.WhenAll(silo.Grains.RunIndex(id).Select(shard => shard.Follow(LifecycleStage.Deleted, TimeSpan.FromSeconds(1), Token)))).All(all => all),
            cancellationToken: Token);
        Assert.All(await Task.WhenAll(runs.Select(run => run.Get(Token))), run => Assert.Equal(LifecycleStage.Deleted, run!.Info.LifecycleStage));
        await Restart(id, runs);
        Assert.Equal(30, (await Search(id, null, LifecycleView.DeletedOnly)).Items.Count);
    }

    [Fact]
    public async Task HistoryPredicates_LookAtTheWholeHistory()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 3);
        for (var r = 0; r < 3; r++)
        {
            await runs[r].LogBatch(TrackingFlowTests.Points(("loss", 8, 1, 1), ("loss", 2 + r, 2, 2), ("loss", 5, 3, 3), ("nan", double.NaN, 1, 1)), Token);
        }

        async Task<int> Count(string filter) => (await Search(id, filter)).Items.Count;
        Assert.Equal(3, await Count("max(metrics.loss) = 8 AND last(metrics.loss) = 5"));
        Assert.Equal(1, await Count("min(metrics.loss) < 3"));
        Assert.Equal(1, await Count("avg(metrics.loss) = 5"));
        Assert.Equal(0, await Count("max(metrics.nan) != 1"));
        Assert.Equal(3, await Count("at(metrics.loss, 1) = 8"));
        Assert.Equal(1, await Count("at(metrics.loss, 2) = 3"));
        Assert.Equal(2, await Count("NOT at(metrics.loss, 2) = 3 AND metrics.m >= 0"));
        Assert.Equal(0, await Count("at(metrics.loss, 99) > 0 OR at(metrics.absent, 1) > 0"));
        Assert.Equal("filter", (await Assert.ThrowsAsync<MlopsException>(() => Search(id, "max(params.x) > 1"))).Field);
    }

    /// <summary>3,000 runs of one shard have no such point, as far as they can say: their rows are stored, and each has to be asked.</summary>
    [Fact]
    public async Task ValuesAtAStep_AreAskedOfAsManyRunsAsItTakes_AndTheyGoToSleepAgain()
    {
        var id = await NewExperiment();
        var settled = await FillAsync(silo.Services.GetRequiredService<IJournal>(), id, 3000);
        var real = await NewRuns(id, 3);

        var found = await Search(id, "at(metrics.m, 1) >= 0", max: 2);
        Assert.Equal(2, found.Items.Count);
        Assert.Equal(3, (await Search(id, "at(metrics.m, 1) >= 0")).Items.Count);
        Assert.Equal(100, (await Search(id, "NOT at(metrics.m, 1) >= 0")).Items.Count);
        await Eventually.Async(async () =>
        {
            var active = (await silo.Grains.GetGrain<IManagementGrain>(0).GetActiveGrains(GrainType.Create("run"), Token)).ToHashSet();
            return !settled.Any(run => active.Contains(silo.Grains.GetGrain<IRunGrain>(run).GetGrainId()));
        }, cancellationToken: Token);
        Assert.Equal(real.Count, (await Search(id, "at(metrics.m, 1) >= 0 AND metrics.m >= 0")).Items.Count);
    }

    [Fact]
    public async Task ValuesAtAStep_ThatTakeMoreThanAMinute_AreRefused_AndTheNextSearchWorks()
    {
        using var directory = new TempDirectory();
        var clock = new LeapingClock();
        await using var cluster = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<TimeProvider>(clock));
        await FillAsync(cluster.GetSiloServiceProvider().GetRequiredService<IJournal>(), "0", 20);
        Task<Paging.Page<Run>> Find(string filter) =>
            cluster.Client.GetGrain<IRunSearchGrain>(0).Search(new RunQuery(["0"], filter, LifecycleView.ActiveOnly, [], 3, null), Token);

        clock.Leap = TimeSpan.FromSeconds(61);
        var refused = await Assert.ThrowsAsync<MlopsException>(() => Find("at(metrics.m, 1) > 0"));
        clock.Leap = TimeSpan.Zero;

        Assert.Equal((ErrorKind.InvalidInput, "filter"), (refused.Kind, refused.Field));
        Assert.Contains("60 seconds", refused.Message, StringComparison.Ordinal);
        Assert.Empty((await Find("at(metrics.m, 1) > 0")).Items);
        Assert.Equal(3, (await Find("metrics.m = 0.5")).Items.Count);
    }

    [Fact]
    public async Task Searcher_AmongManyWriters_SeesEverythingAcknowledgedBefore()
    {
        var id = await NewExperiment();
        var runs = await NewRuns(id, 60);
        var acknowledged = new long[runs.Count];
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var writers = Enumerable.Range(0, runs.Count).Select(async r =>
        {
            for (var step = 1L; !done.IsCancellationRequested; step++)
            {
                await runs[r].LogBatch(TrackingFlowTests.Points(("step", step, step, step)), Token);
                Volatile.Write(ref acknowledged[r], step);
                await Task.Yield();
            }
        }).ToList();

        for (var search = 0; search < 40; search++)
        {
            var before = Enumerable.Range(0, runs.Count).Select(r => Volatile.Read(ref acknowledged[r])).ToArray();
            var found = (await Search(id, "metrics.step >= 0", max: 1000)).Items.ToDictionary(r => r.Info.RunId, r => r.Metrics.Single(m => m.Key == "step").Value);
            for (var r = 0; r < runs.Count; r++)
            {
                Assert.True(before[r] == 0 || found[runs[r].GetPrimaryKeyString()] >= before[r]);
            }
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        Assert.All(acknowledged, steps => Assert.True(steps > 0));
    }

    /// <summary>The index keeps the beginnings of a big run's texts; answers hold the whole ones, and comparisons count for the whole ones.</summary>
    [Fact]
    public async Task BigRun_IsFoundByItsLongTexts_AndAnsweredWhole()
    {
        var id = await NewExperiment();
        var run = (await NewRuns(id, 2))[0];
        var (kept, other) = (new string('k', 4000), new string('k', 3999) + "o");
        await run.LogBatch(new RunBatch(MetricColumns.Empty, [], [.. Enumerable.Range(0, 20).Select(i => new Tag($"t{i}", kept))]), Token);
        await run.LogInputs([new DatasetInput("d", "1", "s", kept, kept, kept, [])], [], Token);

        async Task<int> Count(string filter) => (await Search(id, filter)).Items.Count;
        var found = Assert.Single((await Search(id, $"tags.t7 = '{kept}'")).Items);
        Assert.Equal(kept, found.Tags.Single(t => t.Key == "t7").Value);
        Assert.Equal((kept, kept), (found.Inputs[0].Schema, found.Inputs[0].Profile));
        Assert.Equal(0, await Count($"tags.t7 = '{other}'"));
        Assert.Equal(1, await Count($"tags.t7 != '{other}'"));
        Assert.Equal(0, await Count($"tags.t7 != '{kept}'"));
        Assert.Equal(1, await Count($"tags.t7 IN ('{other}', '{kept}')"));
        Assert.Equal(1, await Count("tags.t7 LIKE 'kkk%'"));
        Assert.Equal(0, await Count($"tags.t7 LIKE '%o'"));
        Assert.Equal(1, await Count("dataset.name = 'd'"));
        await Restart(id, [run]);
        Assert.Equal(kept, Assert.Single((await Search(id, $"tags.t7 = '{kept}'")).Items).Tags.Single(t => t.Key == "t7").Value);
    }

    [Fact]
    public async Task PageToken_OfAnotherQuery_IsRefused()
    {
        var id = await NewExperiment();
        await NewRuns(id, 5);
        var query = new RunQuery([id], "metrics.m >= 0", LifecycleView.ActiveOnly, ["metrics.m DESC"], 2, null);
        var first = await silo.Grains.GetGrain<IRunSearchGrain>(0).Search(query, Token);
        query = query with { PageToken = first.NextPageToken };

        Assert.Equal([4, 3], first.Items.Select(r => r.Metrics[0].Value));
        Assert.Equal([2, 1], (await silo.Grains.GetGrain<IRunSearchGrain>(0).Search(query, Token)).Items.Select(r => r.Metrics[0].Value));
        foreach (var other in (RunQuery[])[query with { Filter = null }, query with { OrderBy = [] }, query with { View = LifecycleView.All }, query with { ExperimentIds = [id, "0"] }])
        {
            Assert.Equal("pageToken", (await Assert.ThrowsAsync<MlopsException>(() => silo.Grains.GetGrain<IRunSearchGrain>(0).Search(other, Token))).Field);
        }
    }

    /// <summary>Stores rows of ended runs in one shard.</summary>
    private static async Task<List<string>> FillAsync(IJournal journal, string experiment, int runs)
    {
        var ids = Enumerable.Range(0, int.MaxValue).Select(n => $"{n:x32}").Where(run => RunShards.Of(run) == 5).Take(runs).ToList();
        var rows = ids.Select(run => new CollectedRun(
            new Run(
                new RunInfo(run, experiment, "settled", "ada", RunStatus.Finished, 1000, 2000, $"mlflow-artifacts:/{experiment}/{run}/artifacts", LifecycleStage.Active),
                [new Metric("m", 0.5, 1500, 1)], [], [], [], [], []),
            [default(MetricSummary).With(0.5)]));
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeEvent(new RowsSettled([.. rows]), buffer);
        await journal.AppendAsync($"run-index/{experiment}/5", 0, [buffer.WrittenMemory], Token);
        return ids;
    }

    private async Task<string> NewExperiment() =>
        (await silo.Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Create(new NewExperiment($"index-{Guid.NewGuid():N}"), Token)).ExperimentId;

    private async Task<List<IRunGrain>> NewRuns(string experimentId, int count)
    {
        var runs = Enumerable.Range(0, count).Select(_ => silo.Grains.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"))).ToList();
        for (var r = 0; r < count; r++)
        {
            await runs[r].Create(new NewRun(experimentId), Token);
            await runs[r].LogBatch(TrackingFlowTests.Points(("m", r, 1, 1)), Token);
        }

        return runs;
    }

    private static Task<RunInfo[]> End(IEnumerable<IRunGrain> runs) => Task.WhenAll(runs.Select(run => run.Update(new RunUpdate(RunStatus.Finished), Token)));

    private async Task Restart(string experimentId, IEnumerable<IRunGrain> runs)
    {
        await Task.WhenAll(runs.Select(run => silo.Cluster.DeactivateAsync(run)));
        await Task.WhenAll(silo.Grains.RunIndex(experimentId).Select(shard => silo.Cluster.DeactivateAsync(shard)));
    }

    /// <summary>Waits until the index has stored the rows of the runs.</summary>
    private Task Settled(string experimentId, IEnumerable<IRunGrain> runs) => Eventually.Async(async () =>
    {
        var stored = new HashSet<string>();
        for (var shard = 0; shard < RunShards.Count; shard++)
        {
            foreach (var entry in (await silo.Services.GetRequiredService<IJournal>().ReadAsync($"run-index/{experimentId}/{shard}", Token)).Entries)
            {
                stored.UnionWith(Codec.DecodeEvent(entry) is RowsSettled settled ? settled.Rows.Select(r => r.Run.Info.RunId) : []);
            }
        }

        return runs.All(run => stored.Contains(run.GetPrimaryKeyString()));
    }, cancellationToken: Token);

    private Task<Paging.Page<Run>> Search(string id, string? filter, LifecycleView view = LifecycleView.ActiveOnly, int max = 100) =>
        silo.Grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([id], filter, view, [], max, null), Token);

    /// <summary>The real clock, whose timestamps lie a leap apart when the test says so; timers keep real time, so the runtime notices nothing.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        private long leapt;

        public TimeSpan Leap { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Add(ref leapt, (long)(Leap.TotalSeconds * TimestampFrequency));
    }
}
