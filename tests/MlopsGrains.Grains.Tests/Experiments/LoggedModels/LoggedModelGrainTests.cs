using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.LoggedModels;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Experiments.LoggedModels;

/// <summary>Logged models through the grains, on real storage.</summary>
public sealed class LoggedModelGrainTests(SiloFixture silo)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Search_SeesWhatWasAcknowledged_WhileManyWrite()
    {
        var experiment = await NewExperiment(silo.Grains);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var (id, model) = await NewModel(silo.Grains, experiment);
            for (var step = 0; step < 5; step++)
            {
                await model.LogMetrics([new LoggedModelMetric("acc", step, step, step)], Token);
                var found = await Find(silo.Grains, experiment, $"model_id = '{id}' AND metrics.acc >= {step}");
                Assert.Equal([id], found);
            }

            await model.Delete(Token);
            Assert.DoesNotContain(id, await Find(silo.Grains, experiment, null));
        }));
    }

    [Fact]
    public async Task Restart_KeepsModels_AndTheIndexFindsThem()
    {
        using var directory = new TempDirectory();
        string experiment;
        LoggedModel before;
        await using (var first = await SiloFixture.StartAsync(directory.Path))
        {
            experiment = await NewExperiment(first.Client);
            var (_, model) = await NewModel(first.Client, experiment);
            await model.LogMetrics([new LoggedModelMetric("acc", double.NaN, 5, -1, "r", "d", "x"), new LoggedModelMetric("acc", double.NegativeInfinity, 5, 0)], Token);
            await model.SetTags([new Tag("t", "v")], Token);
            await model.LogParams([new Tag("p", new string('x', 7000))], Token);
            await model.AddRegistration(new ModelRegistration("n", 1), Token);
            before = await model.SetStatus(LoggedModelStatus.Ready, Token);
        }

        await using var second = await SiloFixture.StartAsync(directory.Path);
        Assert.Equivalent(before, await second.Client.GetGrain<ILoggedModelGrain>(before.ModelId).Get(Token), strict: true);
        Assert.Equal([before.ModelId], await Find(second.Client, experiment, "status = 'READY' AND tags.t = 'v'"));
    }

    [Fact]
    public async Task Create_Again_AnswersTheStoredModel()
    {
        var experiment = await NewExperiment(silo.Grains);
        var (id, model) = await NewModel(silo.Grains, experiment);

        Assert.Equal((id, experiment), (await model.Create(new NewLoggedModel(experiment, "other"), Token)) is { } again ? (again.ModelId, again.ExperimentId) : default);
        Assert.NotEqual("other", (await model.Get(Token))!.Name);
        await model.SetStatus(LoggedModelStatus.Ready, Token);
        Assert.Equal(ErrorKind.InvalidInput, (await Assert.ThrowsAsync<MlopsException>(() => model.SetStatus(LoggedModelStatus.Pending, Token))).Kind);
    }

    [Fact]
    public async Task OddId_IsRefused() =>
        Assert.Equal(ErrorKind.InvalidInput, (await Assert.ThrowsAsync<MlopsException>(() => silo.Grains.GetGrain<ILoggedModelGrain>("m-XYZ").Create(new NewLoggedModel("0"), Token))).Kind);

    [Fact]
    public void LatestMetrics_AreTheSame_HoweverPointsAreSplitRepeatedAndReordered() =>
        Gen.Select(
            Gen.Select(Gen.Int[0, 1], Gen.OneOf(Gen.Int[0, 3].Select(i => (double)i), Gen.Const(double.NaN)), Gen.Int[0, 2], Gen.Int[0, 2], Gen.Bool,
                (k, v, t, s, d) => new LoggedModelMetric("k" + k, v, t, s, "r", d ? "d" : null)).Array[1, 20],
            Gen.Int).Sample((points, seed) =>
        {
            var random = new Random(seed);
            var sent = points.Concat(points.Where(_ => random.Next(2) == 0)).ToArray();
            random.Shuffle(sent);
            var state = new LoggedModelState();
            state.Apply(new LoggedModelCreated("0", "n", null, null, "uri", [], [], 1));
            foreach (var batch in sent.Chunk(random.Next(1, 6)))
            {
                if (LoggedModelRules.LogMetrics(state, "m", batch, DateTimeOffset.UnixEpoch) is { } logged)
                {
                    state.Apply(logged);
                }
            }

            var expected = points.GroupBy(p => (p.Key, p.DatasetName)).Select(g => g.OrderBy(p => (p.Step, p.Timestamp, p.Value)).Last());
            Assert.Equal(expected.ToHashSet(), state.View("m").Metrics.ToHashSet());
        });

    [Fact]
    public void LatestMetrics_HoldAtTheLimitAndOneBeyond()
    {
        var state = new LoggedModelState();
        state.Apply(new LoggedModelCreated("0", "n", null, null, "uri", [], [], 1));
        for (var i = 0; i < 10; i++)
        {
            state.Apply(LoggedModelRules.LogMetrics(state, "m", [.. Enumerable.Range(i * 1000, 1000).Select(k => new LoggedModelMetric("k" + k, 1, 1, 1, "r", null))], DateTimeOffset.UnixEpoch)!);
        }

        Assert.Equal("metrics", Assert.Throws<MlopsException>(() => LoggedModelRules.LogMetrics(state, "m", [new LoggedModelMetric("more", 1, 1, 1, "r", null)], DateTimeOffset.UnixEpoch)).Field);
        state.Apply(LoggedModelRules.LogMetrics(state, "m", [new LoggedModelMetric("k0", 2, 1, 2, "r", null)], DateTimeOffset.UnixEpoch)!);
        Assert.Equal(10_000, state.View("m").Metrics.Count);
    }

    private static async Task<string> NewExperiment(IGrainFactory grains) =>
        (await grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Create(new NewExperiment("lm-" + Guid.NewGuid().ToString("N")), Token)).ExperimentId;

    private static async Task<(string Id, ILoggedModelGrain Model)> NewModel(IGrainFactory grains, string experiment)
    {
        var id = "m-" + Guid.NewGuid().ToString("N");
        var model = grains.GetGrain<ILoggedModelGrain>(id);
        await model.Create(new NewLoggedModel(experiment), Token);
        return (id, model);
    }

    private static async Task<IEnumerable<string>> Find(IGrainFactory grains, string experiment, string? filter) =>
        (await grains.GetGrain<ILoggedModelSearchGrain>(0).Search(new LoggedModelQuery([experiment], filter, [], [], 100, null), Token)).Items.Select(m => m.ModelId).ToList();
}
