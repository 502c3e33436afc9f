using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class RunRankingTests
{
    private static readonly Gen<CollectedRun[]> Rows = SampleRuns.Row(SampleRuns.Id).Array[0, 60];

    [Fact]
    public void Ranking_IsTheOrderOfANaiveSearch_AndKnowsTheRankOfEachPlace() =>
        Gen.Select(Rows, SampleRuns.Filter, SampleRuns.Order, Gen.OneOf(Enum.GetValues<LifecycleView>())).Sample((rows, filter, orderBy, view) =>
        {
            var (table, stored) = Filled(rows);
            var ranking = Rank(table, filter, orderBy, view);

            Assert.Equal(NaiveSearch.Find(stored, filter, orderBy, view).Select(r => r.Run.Info.RunId), ranking.Hits(0, int.MaxValue).Select(h => h.Place.RunId));
            Assert.All(Enumerable.Range(0, ranking.Count), rank => Assert.Equal(rank + 1, ranking.UpTo(ranking.PlaceAt(rank))));
        }, iter: 2000);

    [Fact]
    public void Skip_OverShards_BeginsAtExactlyThatRank_InFewRounds() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 400], Gen.Int[1, 450], Gen.Int[8, 20], Gen.Int[1, 7]).Sample((owners, skip, samples, ties) =>
        {
            var order = RunOrder.Parse(["metrics.m"]);
            var tables = Enumerable.Range(0, 5).Select(_ => new RunTable()).ToList();
            for (var i = 0; i < owners.Length; i++)
            {
                tables[owners[i]].Put(Plain(i, i % ties));
            }

            var rankings = tables.Select(t => Rank(t, null, ["metrics.m"], LifecycleView.All)).ToList();
            var all = rankings.SelectMany(r => r.Hits(0, int.MaxValue)).Select(h => h.Place).Order(order).ToList();
            var narrowing = new RankNarrowing(order, skip);
            for (var round = 0; !narrowing.Done; round++)
            {
                Assert.True(round < 10);
                narrowing.Add([.. rankings.Select(r => Ranks(r, narrowing, samples))]);
            }

            Assert.Equal(skip >= all.Count, narrowing.Beyond);
            Assert.True(narrowing.Beyond || order.Compare(all[skip - 1], narrowing.After) == 0, $"{skip} of {all.Count}");
            Assert.Equal(all.Count, narrowing.Total);
        });

    [Fact]
    public void Kept_IsFoundUntilTheTableChanges()
    {
        var table = Filled([Plain(1, 1), Plain(2, 2)]).Table;
        var rankings = new RunRankings(TimeProvider.System);
        var ranking = Rank(table, null, [], LifecycleView.All);
        rankings.Keep("q", ranking);

        Assert.Same(ranking, rankings.Find("q", table));
        Assert.Null(rankings.Find("other", table));
        table.SetStages(LifecycleStage.Deleted);
        Assert.Null(rankings.Find("q", table));
    }

    [Fact]
    public void Row_IsReadWithTheColumnsAskedFor_AndNoOthers()
    {
        var columns = RunColumnSet.Parse(["metrics.m", "metrics.none", "params.p", "tags.t.u"])!;
        var whole = Plain(1, 0.5).Run with { Params = [new("p", "1"), new("q", "2")], Tags = [new("t.u", "x"), new("v", "y")], Inputs = [new("d", "1", "s", "s", null, null, [])] };
        var table = new RunTable();
        table.Put(SampleRuns.Collected(whole));
        Assert.True(table.TryFind(whole.Info.RunId, out var block, out var row));
        var read = table.Read(block, row, columns);

        Assert.Equal((whole.Info, "m", "p", "t.u", 0), (read.Info, read.Metrics.Single().Key, read.Params.Single().Key, read.Tags.Single().Key, read.Inputs.Count));
        Assert.Equivalent(read, columns.Trim(whole));
    }

    [Theory]
    [InlineData("loss")]
    [InlineData("metric.loss")]
    [InlineData("metrics.")]
    public void Column_ThatIsNone_IsRefused(string column) =>
        Assert.Equal("columns[1]", Assert.Throws<MlopsException>(() => RunColumnSet.Parse(["metrics.a", column])).Field);

    [Fact]
    public void Keys_AreCountedOverShards_WithRangesAndCommonestValues()
    {
        var (first, second) = (new RunTable(), new RunTable());
        for (var i = 0; i < 100; i++)
        {
            var run = Plain(i, i == 7 ? double.NaN : i).Run with { Params = [new("lr", i % 3 == 0 ? "0.1" : "1e-2"), new("unique", $"u{i}")], Tags = i < 10 ? [new("few", "")] : [] };
            (i % 2 == 0 ? first : second).Put(SampleRuns.Collected(run));
        }

        RunKeys Keys(string? filter, IReadOnlyList<string>? columns = null, int limit = 10) => RunKeyCounts.Merge(
            [.. new[] { first, second }.Select(t => RunKeyCounts.Of(t, RunFilter.Parse(filter), LifecycleView.ActiveOnly, RunColumnSet.Parse(columns)))], limit);
        var all = Keys(null);

        Assert.Equal((100, true), (all.Runs, all.Complete));
        Assert.Equal(new MetricKey("m", 100, 0, 99, 1), Assert.Single(all.Metrics));
        Assert.Equal(["lr", "unique"], all.Params.Select(p => p.Key));
        Assert.Equal((100, 2, 0.01, 0.1), (all.Params[0].Runs, all.Params[0].Values, all.Params[0].Min, all.Params[0].Max));
        Assert.Equal([new("1e-2", 66), new("0.1", 34)], all.Params[0].Commonest);
        Assert.Equal((100, null, 20), (all.Params[1].Values, all.Params[1].Min, all.Params[1].Commonest.Count));
        Assert.Equal((10, "few"), (all.Tags[0].Runs, all.Tags[0].Key));
        Assert.Equal(new MetricKey("m", 10, 10, 19, 1), Assert.Single(Keys("metrics.m >= 10 AND metrics.m < 20", ["metrics.m"]).Metrics));
        Assert.Empty(Keys(null, ["metrics.m"]).Params);
        Assert.False(Keys(null, null, 1).Complete);
        Assert.Equal(0, Keys("metrics.m > 1000").Runs);
    }

    private static RunRanks Ranks(RunRanking ranking, RankNarrowing narrowing, int samples)
    {
        var before = narrowing.After is null ? 0 : ranking.UpTo(narrowing.After);
        var end = narrowing.Until is null ? ranking.Count : ranking.UpTo(narrowing.Until);
        var step = Math.Max(1, (int)Math.Ceiling(Math.Max(0, end - before) / (double)samples));
        return new RunRanks(ranking.Count, before, step, [.. Enumerable.Range(1, Math.Max(0, end - before) / step).Select(n => ranking.PlaceAt(before + (n * step) - 1))]);
    }

    private static RunRanking Rank(RunTable table, string? filter, string[] orderBy, LifecycleView view) =>
        RunRanking.Of(table, RunFilter.Parse(filter).Bind(table, new StepValues([])), RunOrder.Parse(orderBy), view);

    private static (RunTable Table, IReadOnlyList<CollectedRun> Rows) Filled(IReadOnlyList<CollectedRun> rows)
    {
        var table = new RunTable();
        foreach (var row in rows)
        {
            table.Put(row);
        }

        return (table, [.. rows.Reverse().DistinctBy(r => r.Run.Info.RunId)]);
    }

    private static CollectedRun Plain(int i, double value) => SampleRuns.Collected(new Run(
        new RunInfo($"{i:x32}", "7", $"run-{i}", "ada", RunStatus.Finished, 1000, 2000, $"mlflow-artifacts:/7/{i:x32}/artifacts", LifecycleStage.Active),
        [new("m", value, 1500, 3)], [], [], [], [], []));
}
