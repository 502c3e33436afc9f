using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Pipelines;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Pipelines in a real silo with a real worker.</summary>
public sealed class PipelineGrainTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private InProcessTestCluster? cluster;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IGrainFactory Grains => cluster!.Client;

    public async ValueTask InitializeAsync() => cluster = await SiloFixture.StartAsync(directory.Path, s => s.AddTestSteps());

    public async ValueTask DisposeAsync()
    {
        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }

        directory.Dispose();
    }

    [Fact]
    public async Task Run_FansOutAndInAndIsKnownEverywhere()
    {
        await Register("""
            name: fan
            params: { n: 7 }
            steps:
              - { name: first, uses: test/echo, with: { value: "${params.n}" } }
              - { name: each, uses: test/echo, matrix: { v: [a, b, c] }, with: { value: "${matrix.v}-${steps.first.outputs.value}" } }
              - { name: last, uses: test/echo, with: { value: "${steps.each.outputs}" } }
            """);

        var started = await Grains.GetGrain<IPipelineGrain>("fan").Start(new StartPipeline(new Dictionary<string, string> { ["n"] = "8" }), Token);
        var run = await Grains.Ended(started.PipelineRunId, Token);
        await Idle();

        Assert.Equal(PipelineRunStatus.Succeeded, run.Status);
        Assert.Equal("""[{"value":"a-8"},{"value":"b-8"},{"value":"c-8"}]""", run.Steps[^1].Outputs["value"]);
        Assert.Equal(5, (await Grains.GetGrain<IPipelineRunGrain>(run.PipelineRunId).Logs(0, 100, Token)).Count);
        Assert.Equal([run.PipelineRunId], (await Catalog(CatalogKinds.RunsOf("fan"))).Select(PipelineRunIndex.RunId));
        var actions = (await Grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Read(0, 1000, Token)).Items.Select(e => e.Action).ToList();
        Assert.Equal(["pipeline.registered", "pipeline-run.started", "pipeline-run.ended"], actions.Where(a => a.StartsWith("pipeline", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Start_SameKey_GivesTheSameRun()
    {
        await Register("name: keyed\nsteps: [{name: a, uses: test/echo}]");
        var pipeline = Grains.GetGrain<IPipelineGrain>("keyed");

        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => pipeline.Start(new StartPipeline(IdempotencyKey: "k"), Token)));
        var other = await pipeline.Start(new StartPipeline(IdempotencyKey: "other"), Token);

        Assert.Single(runs.Select(r => r.PipelineRunId).Distinct());
        Assert.NotEqual(runs[0].PipelineRunId, other.PipelineRunId);
        Assert.Equal([other.PipelineRunId, runs[0].PipelineRunId], (await Catalog(CatalogKinds.RunsOf("keyed"))).Select(PipelineRunIndex.RunId).Order().OrderByDescending(id => id == other.PipelineRunId));
    }

    [Fact]
    public async Task Register_SameTextAgain_IsTheSameVersionAndARunKeepsItsDefinition()
    {
        const string First = "name: edited\nsteps: [{name: a, uses: test/endless}]";
        var one = await Register(First);
        Assert.Equal(1, (await Register(First)).Version);
        var run = await Grains.GetGrain<IPipelineGrain>("edited").Start(new StartPipeline(), Token);
        var two = await Register("name: edited\nsteps: [{name: b, uses: test/echo}]");

        Assert.Equal(2, two.Version);
        Assert.Equal((one.Digest, "a"), (run.DefinitionDigest, (await Grains.GetGrain<IPipelineRunGrain>(run.PipelineRunId).Get(Token))!.Steps.Single().Name));
        Assert.Equal(First, (await Grains.GetGrain<IPipelineGrain>("edited").Get(1, Token)).Yaml);
        await Grains.GetGrain<IPipelineRunGrain>(run.PipelineRunId).Cancel("test over", Token);
    }

    [Theory]
    [InlineData("name: broken\nsteps: [{name: a, uses: test/echo, needs: a}]", "steps.a.needs")]
    [InlineData("name: broken\nx: &x [1]\ny: *x", "yaml")]
    [InlineData("name: broken\nsteps: [{name: a, uses: nope}]", "steps.a.uses")]
    public async Task Register_Broken_ChangesNothing(string yaml, string field)
    {
        var e = await Assert.ThrowsAsync<MlopsException>(() => Register(yaml));

        Assert.Equal((ErrorKind.InvalidInput, field), (e.Kind, e.Field));
        Assert.DoesNotContain("broken", await Catalog(CatalogKinds.Pipelines));
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Grains.GetGrain<IPipelineGrain>("broken").Get(null, Token))).Kind);
    }

    [Fact]
    public async Task Start_BadParamOrUnknownPipeline_IsRefusedAndLeavesNothing()
    {
        await Register("name: typed\nparams: {n: 1}\nsteps: [{name: a, uses: test/echo}]");

        var bad = await Assert.ThrowsAsync<MlopsException>(() => Grains.GetGrain<IPipelineGrain>("typed").Start(new StartPipeline(new Dictionary<string, string> { ["n"] = "x" }), Token));
        var unknown = await Assert.ThrowsAsync<MlopsException>(() => Grains.GetGrain<IPipelineGrain>("no-such").Start(new StartPipeline(), Token));

        Assert.Equal(("params.n", ErrorKind.NotFound), (bad.Field, unknown.Kind));
        Assert.Empty(await Catalog(CatalogKinds.RunsOf("typed")));
    }

    [Fact]
    public async Task FailedStep_IsRetried()
    {
        await Register("name: flaky\nsteps: [{name: a, uses: test/flaky, retry: {attempts: 3}, with: {until: 2}}]");
        var run = await Grains.GetGrain<IPipelineGrain>("flaky").Start(new StartPipeline(), Token);

        var ended = await Grains.Ended(run.PipelineRunId, Token);

        Assert.Equal((PipelineRunStatus.Succeeded, "2"), (ended.Status, ended.Steps[0].Outputs["attempt"]));
    }

    [Fact]
    public async Task StepUnderWhichThePlatformFails_IsTriedAgain_ThoughItHasOneAttempt()
    {
        await Register("name: unlucky\nsteps: [{name: a, uses: test/unlucky}]");
        var run = await Grains.GetGrain<IPipelineGrain>("unlucky").Start(new StartPipeline(), Token);

        var ended = await Grains.Ended(run.PipelineRunId, Token);

        Assert.Equal((PipelineRunStatus.Succeeded, "4"), (ended.Status, ended.Steps[0].Outputs.GetValueOrDefault("attempt", ended.Steps[0].Error ?? "")));
    }

    [Fact]
    public async Task Cancel_ReachesTheStepAtWork()
    {
        await Register("name: endless\nsteps: [{name: a, uses: test/endless}, {name: b, uses: test/echo, needs: a}]");
        var run = Grains.GetGrain<IPipelineRunGrain>((await Grains.GetGrain<IPipelineGrain>("endless").Start(new StartPipeline(), Token)).PipelineRunId);
        while ((await run.Get(Token))!.Steps[0].Status != StepStatus.Running)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }

        var cancelled = await run.Cancel("enough", Token);

        Assert.Equal((PipelineRunStatus.Cancelled, "enough"), (cancelled.Status, cancelled.Reason));
        await EndlessStep.Stopped.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);
    }

    [Fact]
    public async Task Silo_ThatStopsAndStartsAgain_GoesOnWithEveryRun()
    {
        await cluster!.DisposeAsync();
        cluster = await SiloFixture.StartAsync(directory.Path, s => s.AddTestSteps(parallel: 0));
        await Register("name: resumed\nsteps: [{name: a, uses: test/echo}, {name: b, uses: test/echo, needs: a}]");
        var runs = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Grains.GetGrain<IPipelineGrain>("resumed").Start(new StartPipeline(), Token)));
        var held = await Grains.GetGrain<IPipelineRunGrain>(runs[0].PipelineRunId).Lease("a", "a worker that dies", Token);
        Assert.NotNull(held);
        await cluster.DisposeAsync();

        cluster = await SiloFixture.StartAsync(directory.Path, s => s.AddTestSteps());
        await Idle();

        foreach (var run in runs)
        {
            var ended = (await Grains.GetGrain<IPipelineRunGrain>(run.PipelineRunId).Get(Token))!;
            Assert.Equal(PipelineRunStatus.Succeeded, ended.Status);
            Assert.All(ended.Steps, s => Assert.Equal(run == runs[0] && s.Name == "a" ? 2 : 1, s.Attempt));
        }
    }

    [Fact]
    public async Task Queue_AWaitingTakerHoldsUpNobody()
    {
        var queue = Grains.GetGrain<IWorkQueueGrain>("apart");
        var waiting = Enumerable.Range(0, 3).Select(_ => queue.Take(1, TimeSpan.FromSeconds(15), Token)).ToList();

        for (var i = 0; i < 3; i++)
        {
            await queue.Offer(new ReadyStep("run", $"s{i}"), Token);
        }

        var taken = (await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(10), Token)).SelectMany(t => t).Select(t => t.Step);
        Assert.Equal(["s0", "s1", "s2"], taken.Order());
        await queue.Offer(new ReadyStep("run", "again"), Token);
        await queue.Offer(new ReadyStep("run", "again"), Token);
        Assert.Single(await queue.Take(5, TimeSpan.Zero, Token));
        Assert.Empty(await queue.Take(5, TimeSpan.FromMilliseconds(50), Token));
    }

    /// <summary>Waits until no run is unfinished; nothing but the sweep touches the runs meanwhile.</summary>
    private async Task Idle()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while ((await Catalog(CatalogKinds.UnfinishedPipelineRuns)).Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
        }
    }

    private async Task<IReadOnlyList<string>> Catalog(string kind) => (await Grains.GetGrain<ICatalogGrain>(kind).List(null, 1000, Token)).Items;

    private Task<PipelineDefinition> Register(string yaml) => Grains.GetGrain<IPipelineCompilerGrain>(0).Register(yaml, Token);
}
