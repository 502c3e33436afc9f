using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class RunGroupsTests(SiloFixture silo)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IRunGroupsGrain Groups => silo.Grains.GetGrain<IRunGroupsGrain>(0);

    [Fact]
    public async Task RunsThatDifferOnlyInSeeds_AreAGroup_WithTheirSpread()
    {
        var id = await Trained(("sgd", [0.80, 0.82, 0.84, double.NaN]), ("adam", [0.90, 0.92, 0.94]), ("lone", [0.5]));
        var groups = await Groups.Find(new RunGroupQuery(id), Token);

        Assert.Equal([4, 3], groups.Select(g => g.Runs));
        Assert.Equal([new Tag("opt", "sgd")], groups[0].Params);
        var acc = Assert.Single(groups[0].Metrics);
        Assert.Equal(("acc", 3), (acc.Key, acc.Count));
        Assert.Equal(0.82, acc.Mean, 1e-12);
        Assert.Equal(0.02, acc.StandardDeviation!.Value, 1e-12);
        Assert.Equal(0.82 - (4.302653 * 0.02 / Math.Sqrt(3)), acc.Low!.Value, 1e-7);
        Assert.Equal(3, (await Groups.Find(new RunGroupQuery(id, RunsMin: 1), Token)).Count);
        Assert.Equal(groups[1].Id, Assert.Single(await Groups.Find(new RunGroupQuery(id, "metrics.acc > 0.85"), Token)).Id);
        Assert.All(await Groups.Find(new RunGroupQuery(id, SeedParams: [], RunsMin: 1), Token), g => Assert.Equal(1, g.Runs));
        Assert.Empty((await Groups.Find(new RunGroupQuery(id, Metrics: ["other"]), Token))[0].Metrics);
    }

    [Fact]
    public async Task TwoGroups_AreComparedWithTestsAndEffectSizes()
    {
        var id = await Trained(("sgd", [1, 2, 3, 4, 5]), ("adam", [11, 12, 13, 14, 15]));
        var groups = (await Groups.Find(new RunGroupQuery(id), Token)).ToDictionary(g => g.Params[0].Value, g => g.Id);
        var acc = Assert.Single((await Groups.Compare(new RunGroupQuery(id), groups["sgd"], groups["adam"], Token)).Metrics);

        Assert.Equal((10, 1), (acc.Difference, acc.Superiority));
        Assert.Equal(2 / 252.0, acc.RankP, 1e-9);
        Assert.InRange(acc.WelchP!.Value, 1e-6, 1e-5);
        Assert.Equal(10 / Math.Sqrt(2.5) * (1 - (3.0 / 31)), acc.EffectSize!.Value, 1e-9);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Groups.Compare(new RunGroupQuery(id), groups["sgd"], "nope", Token))).Kind);
    }

    [Theory]
    [InlineData("confidence")]
    [InlineData("runsMin")]
    [InlineData("maxResults")]
    [InlineData("filter")]
    [InlineData("seedParams")]
    [InlineData("metrics[0]")]
    [InlineData("experimentId")]
    public async Task BadQuery_IsRefusedNamingTheField(string field)
    {
        var good = new RunGroupQuery("0");
        var bad = field switch
        {
            "confidence" => good with { Confidence = double.NaN },
            "runsMin" => good with { RunsMin = 0 },
            "maxResults" => good with { MaxResults = 1001 },
            "filter" => good with { Filter = "at(metrics.a, 1) > 0" },
            "seedParams" => good with { SeedParams = [.. Enumerable.Range(0, 21).Select(i => $"s{i}")] },
            "metrics[0]" => good with { Metrics = ["../x"] },
            _ => good with { ExperimentId = "x" },
        };

        Assert.Equal(field, (await Assert.ThrowsAsync<MlopsException>(() => Groups.Find(bad, Token))).Field);
    }

    [Fact]
    public void Group_OfMoreRunsThanTheLimit_IsRefused()
    {
        var parts = Enumerable.Range(0, 2).Select(i => new RunGroupPart($"{i}", [], 60_000, new Dictionary<string, double[]>()));

        Assert.Contains("100000", Assert.Throws<MlopsException>(() => RunGroups.Merge(parts)).Message, StringComparison.Ordinal);
    }

    private async Task<string> Trained(params (string Optimizer, double[] Accuracies)[] configurations)
    {
        var id = (await silo.Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Create(new NewExperiment($"groups-{Guid.NewGuid():N}"), Token)).ExperimentId;
        foreach (var (optimizer, accuracies) in configurations)
        {
            for (var seed = 0; seed < accuracies.Length; seed++)
            {
                var run = silo.Grains.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"));
                await run.Create(new NewRun(id), Token);
                var batch = TrackingFlowTests.Points(("acc", accuracies[seed], 1, 1));
                await run.LogBatch(batch with { Params = [new("opt", optimizer), new("seed", $"{seed}")] }, Token);
            }
        }

        return id;
    }
}
