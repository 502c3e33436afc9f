using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Experiments.Artifacts;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Tests.Journaling;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Experiments.Retention;

/// <summary>In silos of their own: retention takes whatever is due, also what other tests have deleted.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private InProcessTestCluster cluster = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IGrainFactory Grains => cluster.Client;

    private IExperimentCatalogGrain Catalog => Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);

    private SqliteStore Journal => cluster.GetSiloServiceProvider().GetRequiredService<SqliteStore>();

    public async ValueTask InitializeAsync() => cluster = await SiloFixture.StartAsync(directory.Path);

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Runs_DeletedLongEnough_AreGoneWithAllTheirStreams()
    {
        var experiment = await NewExperiment();
        var (kept, gone) = (await NewRun(experiment), await NewRun(experiment));
        await gone.LogBatch(TrackingFlowTests.Points(("loss", 1, 1, 1)), Token);
        await Artifacts(experiment, gone).Put("model.bin", new BlobRef(new string('a', 64), 1), Token);
        await Artifacts(experiment, kept).Put("model.bin", new BlobRef(new string('a', 64), 1), Token);
        await gone.Delete(Token);

        Assert.Equal((0, 0, 0), Counts(await Collect(TimeSpan.FromHours(1))));
        Assert.NotNull(await gone.Get(Token));
        Assert.Equal((1, 1, 0), Counts(await Collect(TimeSpan.Zero)));

        Assert.Null(await gone.Get(Token));
        Assert.Equal([$"run/{Id(kept)}"], await Journal.ListStreamsAsync("run/", null, 10, Token));
        Assert.Equal([$"artifact-directory/{experiment}/{Id(kept)}/artifacts"], await Journal.ListStreamsAsync("artifact-directory/", null, 10, Token));
        Assert.Equal([Id(kept)], await Search(experiment));
        var told = Assert.Single(await Audit(), e => e.Action == "retention.removed");
        Assert.Equal(($"experiment/{experiment}", "1", "1", "0"), (told.Subject, told.Detail["runs"], told.Detail["artifactFiles"], told.Detail["experiments"]));
        Assert.Equal((0, 0, 0), Counts(await Collect(TimeSpan.Zero)));
    }

    [Fact]
    public async Task Run_RemovedForGood_KeepsItsIdTaken()
    {
        var run = await NewRun("0");
        await run.Delete(Token);
        await Collect(TimeSpan.Zero);

        var refused = await Assert.ThrowsAsync<MlopsException>(() => run.Create(new NewRun("0"), Token));

        Assert.Equal((ErrorKind.Conflict, "runId"), (refused.Kind, refused.Field));
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => run.LogBatch(TrackingFlowTests.Points(("m", 1, 1, 1)), Token))).Kind);
        Assert.Empty(await Search("0"));
    }

    [Fact]
    public async Task DryRun_CountsAndChangesNothing()
    {
        var experiment = await NewExperiment();
        var run = await NewRun(experiment);
        await NewRun("0");
        await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);

        Assert.Equal((1, 0, 1), Counts(await Collect(TimeSpan.Zero, dryRun: true)));

        Assert.NotNull(await run.Get(Token));
        Assert.DoesNotContain(await Audit(), e => e.Action == "retention.removed");
        Assert.Equal((1, 0, 1), Counts(await Collect(TimeSpan.Zero)));
    }

    [Fact]
    public async Task Experiment_DeletedLongEnough_IsGoneAndItsNameIsFree()
    {
        var experiment = await NewExperiment("spring");
        var other = await NewExperiment();
        await NewRun(experiment);
        await NewRun(other);
        await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);
        await Grains.GetGrain<IExperimentGrain>("0").Delete(Token);

        Assert.Equal((1, 0, 1), Counts(await Collect(TimeSpan.Zero)));

        Assert.Null(await Grains.GetGrain<IExperimentGrain>(experiment).Get(Token));
        Assert.Equal([other, "0"], (await Catalog.Search(new ExperimentQuery(null, LifecycleView.All, [], 10, null), Token)).Items.Select(e => e.ExperimentId));
        Assert.Empty(await Journal.ListStreamsAsync($"run-index/{experiment}/", null, 10, Token));
        Assert.Single(await Search(other));
        Assert.NotEqual(experiment, await NewExperiment("spring"));
    }

    [Fact]
    public async Task NewestExperiment_Removed_StaysGoneOverARestart_AndItsIdIsNotGivenOutAgain()
    {
        var experiment = await NewExperiment("last");
        await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);
        await Collect(TimeSpan.Zero);

        await Restart();

        Assert.Null(await Catalog.FindByName("last", Token));
        Assert.Null(await Grains.GetGrain<IExperimentGrain>(experiment).Get(Token));
        Assert.True(int.Parse(await NewExperiment()) > int.Parse(experiment));
    }

    [Fact]
    public async Task Steps_LookAtNoMoreRunsThanTheOptionSays()
    {
        await Restart(silo => silo.Services.Configure<RetentionOptions>(o => o.RunsPerStep = 3));
        foreach (var experiment in (string[])[await NewExperiment(), await NewExperiment()])
        {
            foreach (var run in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => NewRun(experiment))))
            {
                await run.Delete(Token);
            }
        }

        var steps = await Steps(TimeSpan.Zero);

        Assert.Equal(8, steps.Sum(s => s.Runs));
        Assert.All(steps, s => Assert.InRange(s.Runs, 0, 3));
    }

    [Fact]
    public async Task Step_CutOff_IsFinishedByTheNext()
    {
        await Restart(new StoppableJournal { DeletionsMax = 3 }.Over);
        var experiment = await NewExperiment();
        var kept = await NewRun(experiment);
        foreach (var run in await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => NewRun(experiment))))
        {
            await Artifacts(experiment, run).Put("f", new BlobRef(new string('a', 64), 1), Token);
            await run.Delete(Token);
        }

        await Assert.ThrowsAsync<MlopsException>(() => Collect(TimeSpan.Zero));
        Assert.True((await Journal.ListStreamsAsync("", null, 100, Token)).Count(s => s.StartsWith("run/", StringComparison.Ordinal) || s.StartsWith("artifact-directory/", StringComparison.Ordinal)) > 1);
        await Restart();

        // An hour ago nothing was deleted: what goes now is what was written down.
        Assert.Equal(6, (await Collect(TimeSpan.FromHours(1))).Runs);

        Assert.Equal([$"run/{Id(kept)}"], await Journal.ListStreamsAsync("run/", null, 10, Token));
        Assert.Empty(await Journal.ListStreamsAsync("artifact-directory/", null, 10, Token));
        Assert.Equal([Id(kept)], await Search(experiment));
        Assert.Equal("6", Assert.Single(await Audit(), e => e.Action == "retention.removed").Detail["runs"]);
    }

    [Fact]
    public async Task LoggedModels_GoWithTheirRun_WhenDeletedLongEnough_AndNotWhenRegistered()
    {
        await Restart(silo => silo.Services.Configure<RetentionOptions>(o => o.RunsPerStep = 2));
        var experiment = await NewExperiment();
        var (kept, gone) = (await NewRun(experiment), await NewRun(experiment));
        var ofGone = await NewModel(experiment, Id(gone));
        var registered = await NewModel(experiment, Id(gone));
        await registered.AddRegistration(new ModelRegistration("m", 1), Token);
        IReadOnlyList<ILoggedModelGrain> stay = [await NewModel(experiment, Id(kept)), await NewModel(experiment, "never-was"), await NewModel(experiment, null), registered];
        var deleted = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => NewModel(experiment, null)));
        foreach (var model in deleted.Append(ofGone))
        {
            await Grains.GetGrain<IArtifactDirectoryGrain>($"{experiment}/models/{model.GetPrimaryKeyString()}/artifacts").Put("f", new BlobRef(new string('a', 64), 1), Token);
        }

        await Task.WhenAll(deleted.Select(m => m.Delete(Token)));
        await gone.Delete(Token);
        Assert.Equal(0, (await Steps(TimeSpan.FromHours(1))).Sum(s => s.LoggedModels));
        Assert.Equal(5, (await Steps(TimeSpan.Zero, dryRun: true)).Sum(s => s.LoggedModels));

        var steps = await Steps(TimeSpan.Zero);

        Assert.Equal((1, 6, 6), (steps.Sum(s => s.Runs), steps.Sum(s => s.LoggedModels), steps.Sum(s => s.ArtifactFiles)));
        Assert.All(await Task.WhenAll(stay.Select(m => m.Get(Token))), Assert.NotNull);
        Assert.Equal(stay.Select(m => $"logged-model/{m.GetPrimaryKeyString()}").Order(StringComparer.Ordinal), await Journal.ListStreamsAsync("logged-model/", null, 20, Token));
        Assert.Empty(await Journal.ListStreamsAsync("artifact-directory/", null, 10, Token));
        Assert.Equal(6, (await Audit()).Where(e => e.Action == "retention.removed").Sum(e => int.Parse(e.Detail["loggedModels"])));
        Assert.Equal(4, (await Grains.GetGrain<ILoggedModelSearchGrain>(0).Search(new LoggedModelQuery([experiment], null, [], [], 10, null), Token)).Items.Count);
        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<MlopsException>(() => ofGone.Create(new NewLoggedModel(experiment), Token))).Kind);
        Assert.Equal(0, (await Steps(TimeSpan.Zero)).Sum(s => s.LoggedModels));
    }

    [Fact]
    public async Task Experiment_TakesItsLoggedModelsAlong_UnlessOneIsRegistered()
    {
        var (held, goes) = (await NewExperiment(), await NewExperiment());
        var (registered, model) = (await NewModel(held, null), await NewModel(goes, null));
        await registered.AddRegistration(new ModelRegistration("m", 1), Token);
        foreach (var experiment in (string[])[held, goes])
        {
            await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);
        }

        var dry = await Steps(TimeSpan.Zero, dryRun: true);
        var steps = await Steps(TimeSpan.Zero);

        Assert.Equal((1, 1), (dry.Sum(s => s.LoggedModels), dry.Sum(s => s.Experiments)));
        Assert.Equal((1, 1), (steps.Sum(s => s.LoggedModels), steps.Sum(s => s.Experiments)));
        Assert.Null(await model.Get(Token));
        Assert.NotNull(await registered.Get(Token));
        Assert.NotNull(await Grains.GetGrain<IExperimentGrain>(held).Get(Token));
        Assert.Equal([$"logged-model-index/{held}"], await Journal.ListStreamsAsync("logged-model-index/", null, 10, Token));
    }

    [Fact]
    public async Task LoggedModels_OfAStepThatWasCutOff_AreFinishedByTheNext()
    {
        await Restart(new StoppableJournal { DeletionsMax = 2 }.Over);
        var experiment = await NewExperiment();
        var run = await NewRun(experiment);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => NewModel(experiment, Id(run))));
        await run.Delete(Token);
        await Assert.ThrowsAsync<MlopsException>(() => Collect(TimeSpan.Zero));
        await Restart();

        var steps = await Steps(TimeSpan.FromHours(1));

        Assert.Equal((1, 4), (steps.Sum(s => s.Runs), steps.Sum(s => s.LoggedModels)));
        Assert.Empty(await Journal.ListStreamsAsync("logged-model/", null, 10, Token));
        Assert.Equal("4", Assert.Single(await Audit(), e => e.Action == "retention.removed").Detail["loggedModels"]);
    }

    /// <summary>The step before knew the runs as deleted; those of a big experiment hear of its restoration one after the other.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("tag")]
    [InlineData("untag")]
    [InlineData("rename")]
    public async Task Experiment_RestoredBeforeItsRunsHear_KeepsThem(string thenChanged)
    {
        var journal = new StoppableJournal();
        await Restart(journal.Over);
        var experiment = await NewExperiment();
        await Grains.GetGrain<IExperimentGrain>(experiment).SetTag("before", "v", Token);
        var runs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => NewRun(experiment)));
        await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);
        journal.Deletes = false;
        await Assert.ThrowsAsync<MlopsException>(() => Collect(TimeSpan.Zero));
        (journal.Deletes, journal.AppendsToRuns) = (true, false);
        var grain = Grains.GetGrain<IExperimentGrain>(experiment);
        await grain.Restore(Token);
        await (thenChanged switch
        {
            "tag" => grain.SetTag("k", "v", Token),
            "untag" => grain.DeleteTag("before", Token),
            "rename" => grain.Rename("r" + Guid.NewGuid().ToString("N"), Token),
            _ => Task.CompletedTask,
        });
        Assert.Equal(LifecycleStage.Deleted, (await runs[0].Get(Token))!.Info.LifecycleStage);

        Assert.Equal((0, 0, 0), Counts(await Collect(TimeSpan.Zero)));

        journal.AppendsToRuns = true;
        await Eventually.Async(async () => (await Task.WhenAll(runs.Select(r => r.Get(Token)))).All(r => r!.Info.LifecycleStage == LifecycleStage.Active), cancellationToken: Token);
        Assert.Equal(runs.Select(Id).Order(), (await Search(experiment)).Order());
    }

    [Fact]
    public async Task Experiment_RestoredWhileAStepRemovesItsRuns_KeepsTheRest()
    {
        var journal = new StoppableJournal();
        await Restart(journal.Over);
        var experiment = await NewExperiment();
        var runs = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => NewRun(experiment)));
        await Grains.GetGrain<IExperimentGrain>(experiment).Delete(Token);
        journal.Gate = new TaskCompletionSource();
        var collecting = Collect(TimeSpan.Zero);
        await Eventually.Async(() => journal.IsWaitedFor, cancellationToken: Token);
        var restoring = Grains.GetGrain<IExperimentGrain>(experiment).Restore(Token);
        await Catalog.Search(new ExperimentQuery(null, LifecycleView.All, [], 10, null), Token);
        journal.Gate.SetResult();
        await restoring;
        var kept = (await Task.WhenAll(runs.Select(r => r.Get(Token)))).OfType<Run>().ToList();

        var removed = (await collecting).Runs;

        Assert.InRange(removed, 1, 59);
        Assert.Equal(60 - removed, kept.Count);
        Assert.All(kept, run => Assert.Equal(LifecycleStage.Active, run.Info.LifecycleStage));
        Assert.Equal(kept.Select(run => run.Info.RunId).Order(), (await Search(experiment)).Order());
        Assert.Equal(0, (await Collect(TimeSpan.Zero)).Runs);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("0")]
    [InlineData("-1/")]
    [InlineData("0/forged")]
    public async Task PageToken_ThatIsNone_IsRefused(string token)
    {
        var refused = await Assert.ThrowsAsync<MlopsException>(
            () => Grains.GetGrain<IRetentionGrain>(IRetentionGrain.Main).Collect(new RetentionRequest(TimeSpan.Zero, false, token), Token));

        Assert.Equal((ErrorKind.InvalidInput, "pageToken"), (refused.Kind, refused.Field));
    }

    [Fact]
    public async Task Automatic_NeedsNobodyToAsk()
    {
        await Restart(silo => silo.Services.Configure<RetentionOptions>(o => (o.Automatic, o.DeletedFor, o.SweepPeriod) = (true, TimeSpan.Zero, TimeSpan.FromSeconds(1))));
        var run = await NewRun("0");
        await run.Delete(Token);

        await Eventually.Async(async () => await run.Get(Token) is null, cancellationToken: Token);
    }

    [Fact]
    public async Task WhatCannotBeRemoved_IsToldAndKeepsNothingElse()
    {
        var (good, bad) = (await NewRun("0"), await NewRun("0"));
        await good.Delete(Token);
        await bad.Delete(Token);
        await Restart(silo => silo.AddIncomingGrainCallFilter(call =>
            call.ImplementationMethod.Name == nameof(IRetainedRun.Purge) && call.TargetId.Key.ToString() == Id(bad) ? throw new InvalidOperationException("The disk says no.") : call.Invoke()));

        var step = (await Steps(TimeSpan.Zero))[0];

        Assert.Equal(1, step.Runs);
        Assert.Equal([$"run {Id(bad)}: The disk says no."], step.Skipped);
        Assert.NotNull(await Grains.GetGrain<IRunGrain>(Id(bad)).Get(Token));
        Assert.Null(await Grains.GetGrain<IRunGrain>(Id(good)).Get(Token));
    }

    /// <summary>Such addresses are refused now; earlier ones are still there.</summary>
    [Fact]
    public async Task ArtifactsOfAnAddressThatNothingCanLieAt_AreNone() =>
        Assert.Equal(0, await Grains.PurgeArtifacts("mlflow-artifacts:/a/../b/artifacts"));

    private static (int, int, int) Counts(RetentionStep step) => (step.Runs, step.ArtifactFiles, step.Experiments);

    private static string Id(IRunGrain run) => run.GetPrimaryKeyString();

    private async Task Restart(Action<ISiloBuilder>? configure = null)
    {
        await cluster.DisposeAsync();
        cluster = await SiloFixture.StartAsync(directory.Path, configure);
    }

    private async Task<List<RetentionStep>> Steps(TimeSpan deletedFor, bool dryRun = false)
    {
        var steps = new List<RetentionStep>();
        do
        {
            steps.Add(await Grains.GetGrain<IRetentionGrain>(IRetentionGrain.Main).Collect(new RetentionRequest(deletedFor, dryRun, steps.LastOrDefault()?.NextPageToken), Token));
        }
        while (steps[^1].NextPageToken is not null);

        return steps;
    }

    private async Task<RetentionStep> Collect(TimeSpan deletedFor, bool dryRun = false)
    {
        var steps = await Steps(deletedFor, dryRun);
        return steps[^1] with { Runs = steps.Sum(s => s.Runs), ArtifactFiles = steps.Sum(s => s.ArtifactFiles), Experiments = steps.Sum(s => s.Experiments) };
    }

    private async Task<string> NewExperiment(string? name = null) =>
        (await Catalog.Create(new NewExperiment(name ?? Guid.NewGuid().ToString("N")), Token)).ExperimentId;

    private async Task<IRunGrain> NewRun(string experiment)
    {
        var run = Grains.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"));
        await run.Create(new NewRun(experiment), Token);
        return run;
    }

    private async Task<ILoggedModelGrain> NewModel(string experiment, string? run)
    {
        var model = Grains.GetGrain<ILoggedModelGrain>("m-" + Guid.NewGuid().ToString("N"));
        await model.Create(new NewLoggedModel(experiment, SourceRunId: run), Token);
        return model;
    }

    private IArtifactDirectoryGrain Artifacts(string experiment, IRunGrain run) => Grains.GetGrain<IArtifactDirectoryGrain>($"{experiment}/{Id(run)}/artifacts");

    private async Task<IEnumerable<string>> Search(string experiment) =>
        (await Grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([experiment], null, LifecycleView.All, [], 100, null), Token)).Items.Select(r => r.Info.RunId);

    private async Task<IReadOnlyList<AuditEvent>> Audit() => (await Grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Read(0, 1000, Token)).Items;

    /// <summary>A journal whose parts can be switched off or held up.</summary>
    private sealed class StoppableJournal : ForwardingJournal
    {
        private int deletions;
        private int waiting;

        public int DeletionsMax { get; init; } = int.MaxValue;

        public bool Deletes { get; set; } = true;

        public bool AppendsToRuns { get; set; } = true;

        /// <summary>What deletions wait for.</summary>
        public TaskCompletionSource? Gate { get; set; }

        public bool IsWaitedFor => Volatile.Read(ref waiting) > 0;

        public override Task<bool> AppendAsync(
            string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default) =>
            AppendsToRuns || !stream.StartsWith("run/", StringComparison.Ordinal) ? base.AppendAsync(stream, expectedVersion, entries, options, cancellationToken) : Task.FromException<bool>(Gone());

        public override async Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default)
        {
            if (!Deletes || Interlocked.Increment(ref deletions) > DeletionsMax)
            {
                throw Gone();
            }

            Interlocked.Increment(ref waiting);
            await (Gate?.Task ?? Task.CompletedTask);
            await base.DeleteStreamAsync(stream, intents, cancellationToken);
        }

        private static JournalUnavailableException Gone() => new("the disk is gone");
    }
}
