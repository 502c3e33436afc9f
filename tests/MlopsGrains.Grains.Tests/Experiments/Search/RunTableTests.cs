using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class RunTableTests
{
    /// <summary>Puts and removals (<see langword="null"/>) of rows.</summary>
    private static readonly Gen<(string Id, CollectedRun? Row)[]> Changes =
        SampleRuns.Id.SelectMany(id => Gen.Frequency((4, SampleRuns.Row(Gen.Const(id)).Select(row => (id, (CollectedRun?)row))), (1, Gen.Const((id, (CollectedRun?)null))))).Array[0, 60];

    [Fact]
    public void Table_HoldsWhatWasPutLast_AndForgetsTextsNobodyUses() => Changes.Sample(changes =>
    {
        var table = new RunTable();
        var expected = Apply(table, changes);

        Assert.Equal(expected.Count, table.Count);
        foreach (var (id, row) in expected)
        {
            Assert.True(table.TryFind(id, out var block, out var at));
            AssertSame(row, table.Read(block, at));
        }

        expected.Keys.ToList().ForEach(id => Assert.True(table.Remove(id)));
        Assert.Equal((0, 0), (table.Count, table.Texts.Count));
        Assert.Empty(table.Shapes);
    });

    [Theory]
    [InlineData("at(metrics.loss, 3)", "orderBy[0]: runs cannot be ordered by at(metrics.loss, 3)")]
    [InlineData("max(params.lr)", "orderBy[0]: runs cannot be ordered by max(params.lr)")]
    [InlineData("median(metrics.loss)", "functions are min, max, avg, last and at")]
    [InlineData("max(metrics.loss) DESC|max(metric.loss)", "names max(metrics.loss) twice")]
    [InlineData("last(metrics.loss)|metrics.loss", "names metrics.loss twice")]
    public void Order_ThatCannotBe_IsRefused(string keys, string message) =>
        Assert.Contains(message, Assert.Throws<MlopsException>(() => RunOrder.Parse(keys.Split('|'))).Message, StringComparison.Ordinal);

    [Fact]
    public void Pages_AreThoseOfANaiveSearch() =>
        Gen.Select(Changes, SampleRuns.Filter, SampleRuns.Order, Gen.OneOf(Enum.GetValues<LifecycleView>()), Gen.Int[1, 9]).Sample((changes, filter, orderBy, view, limit) =>
        {
            var table = new RunTable();
            var rows = Apply(table, changes).Values;
            var query = new RunQuery(["7"], filter, view, orderBy, limit, null);
            var walked = new List<string>();
            while (Page(table, query) is { } page)
            {
                walked.AddRange(page.Ids);
                query = query with { PageToken = page.Token };
            }

            Assert.Equal(NaiveSearch.Find(rows, filter, orderBy, view).Select(r => r.Run.Info.RunId), walked);
        }, iter: 2000);

    [Fact]
    public void Pages_TakenWhileRunsChange_NeitherDoubleNorMissThoseThatDoNot() =>
        Gen.Select(Changes, Changes.Array[1, 4], SampleRuns.Order, Gen.Int[1, 5]).Sample((before, between, orderBy, limit) =>
        {
            var table = new RunTable();
            var touched = between.SelectMany(changes => changes.Select(c => c.Id)).ToHashSet();
            var steady = Apply(table, before).Where(r => !touched.Contains(r.Key)).Select(r => r.Value).ToList();
            var query = new RunQuery(["7"], null, LifecycleView.All, orderBy, limit, null);
            var walked = new List<string>();
            for (var round = 0; Page(table, query) is { } page; round++)
            {
                walked.AddRange(page.Ids);
                query = query with { PageToken = page.Token };
                Apply(table, between[round % between.Length]);
            }

            Assert.Equal(NaiveSearch.Find(steady, "", orderBy, LifecycleView.All).Select(r => r.Run.Info.RunId), walked.Where(id => !touched.Contains(id)));
        });

    [Fact]
    public void ManyRows_FillManyBlocks_AndLeaveNoHoles()
    {
        var table = new RunTable();
        for (var i = 0; i < 5000; i++)
        {
            table.Put(Plain(i));
        }

        for (var i = 0; i < 5000; i += 3)
        {
            Assert.True(table.Remove($"{i:x32}"));
        }

        var left = Enumerable.Range(0, 5000).Where(i => i % 3 != 0).Select(i => $"{i:x32}").ToList();
        Assert.Equal(left, SampleRuns.Find(table, "metrics.m >= 0", ["metrics.m ASC"], LifecycleView.All, null, 5000).Select(r => r.Info.RunId));
        Assert.All(table.Shapes.Single().Blocks.SkipLast(1), block => Assert.Equal(RunBlock.RowsMax, block.Count));
        Assert.Equal("1234567", Assert.Single(SampleRuns.Find(table, "params.n = '1234567'", [], LifecycleView.All, null, 9)).Params[0].Value);
    }

    [Fact]
    public void AlteredToken_OrThatOfAnotherQuery_IsRefused()
    {
        var query = new RunQuery(["1", "2"], "metrics.a > 0", LifecycleView.ActiveOnly, ["params.p"], 10, null);
        var order = RunOrder.Parse(query.OrderBy);
        var token = RunPageToken.Write(query, new RunPlace([PlacePart.Of("x"), PlacePart.Of(5)], "abc"));
        void Refused(RunQuery other) => Assert.Equal("pageToken", Assert.Throws<MlopsException>(() => RunPageToken.Read(other with { PageToken = other.PageToken ?? token }, order)).Field);

        Assert.Equal("abc", RunPageToken.Read(query with { ExperimentIds = ["2", "1", "2"], MaxResults = 3, PageToken = token }, order)!.RunId);
        Assert.Null(RunPageToken.Read(query with { PageToken = "" }, order));
        Refused(query with { Filter = "metrics.a > 1" });
        Refused(query with { View = LifecycleView.All });
        Refused(query with { OrderBy = ["params.p DESC"] });
        Refused(query with { ExperimentIds = ["1"] });
        Refused(query with { PageToken = "!!!" });
        Refused(query with { PageToken = token[..^4] });
        for (var i = 0; i < token.Length - 1; i++)
        {
            Refused(query with { PageToken = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..] });
        }
    }

    [Fact]
    public void Merge_AsksOnUntilThePageIsWhole_AndGivesEveryRunOnceInOrder() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 60], Gen.Int[1, 40], Gen.Int[1, 9]).Sample((owners, limit, cut) =>
        {
            var order = RunOrder.Parse([]);
            var rows = owners.Select((owner, i) => (owner, Run: Plain(i).Run with { Info = Plain(i).Run.Info with { StartTime = i % 7 } })).ToList();
            var place = rows.ToDictionary(r => r.Run.Info.RunId, r => new RunPlace([PlacePart.Of(r.Run.Info.StartTime)], r.Run.Info.RunId));
            var sorted = rows.Select(r => r.Run).OrderBy(r => place[r.Info.RunId], order).ToList();
            var walked = new List<string>();
            RunPlace? after = null;
            for (var more = true; more;)
            {
                var merge = new RunMerge(order, 4, limit);
                while (merge.Open.Count > 0)
                {
                    foreach (var shard in merge.Open)
                    {
                        var rest = sorted.Where(r => rows.First(o => o.Run == r).owner == shard && ((merge.LastOf(shard) ?? after) is not { } last || order.Compare(place[r.Info.RunId], last) > 0)).ToList();
                        var given = rest.Take(Math.Min(merge.Ask(shard), cut)).ToList();
                        merge.Add(shard, new RunMatches(given, [.. given.Select(r => place[r.Info.RunId])], given.Count == rest.Count));
                    }

                    merge.Close();
                }

                walked.AddRange(merge.Page.Select(r => r.Run.Info.RunId));
                Assert.True(merge.Page.Count == limit || !merge.More);
                (more, after) = (merge.More, merge.Page.Count > 0 ? merge.Page[^1].Place : after);
            }

            Assert.Equal(sorted.Select(r => r.Info.RunId), walked);
        });

    private static CollectedRun Plain(int i) => SampleRuns.Collected(new Run(
        new RunInfo($"{i:x32}", "7", $"run-{i}", "ada", RunStatus.Finished, 1000 + i, 2000, $"mlflow-artifacts:/7/{i:x32}/artifacts", LifecycleStage.Active),
        [new("m", i, 1500, 3)], [new("n", i == 4001 ? "1234567" : "0")], [], [], [], []));

    private static (IReadOnlyList<string> Ids, string Token)? Page(RunTable table, RunQuery query)
    {
        var order = RunOrder.Parse(query.OrderBy);
        var after = RunPageToken.Read(query, order);
        var (hits, more, _) = RunScan.Find(table, RunFilter.Parse(query.Filter).Bind(table, new StepValues([])), order, query.View, after, query.MaxResults);
        Assert.True(hits.Count == query.MaxResults || !more);
        return hits.Count == 0 ? null : ([.. hits.Select(hit => hit.Place.RunId)], RunPageToken.Write(query, hits[^1].Place));
    }

    private static Dictionary<string, CollectedRun> Apply(RunTable table, (string Id, CollectedRun? Row)[] changes)
    {
        var rows = new Dictionary<string, CollectedRun>();
        foreach (var (id, row) in changes)
        {
            if (row is null)
            {
                rows.Remove(id);
                table.Remove(id);
            }
            else
            {
                rows[id] = row;
                table.Put(row);
            }
        }

        return rows;
    }

    internal static void AssertSame(CollectedRun expected, CollectedRun actual)
    {
        Assert.Equal(expected.Run.Info, actual.Run.Info);
        Assert.Equal(expected.Run.Metrics, actual.Run.Metrics);
        Assert.Equal(expected.Histories, actual.Histories);
        Assert.Equal(expected.Run.Params, actual.Run.Params);
        Assert.Equal(expected.Run.Tags, actual.Run.Tags);
        Assert.Equal(expected.Run.Inputs.Select(i => i with { Tags = [] }), actual.Run.Inputs.Select(i => i with { Tags = [] }), (x, y) => (x with { Tags = y.Tags }) == y);
        Assert.Equal(expected.Run.Inputs.SelectMany(i => i.Tags), actual.Run.Inputs.SelectMany(i => i.Tags));
        Assert.Equal(expected.Run.ModelInputs, actual.Run.ModelInputs);
        Assert.Equal(expected.Run.ModelOutputs, actual.Run.ModelOutputs);
    }
}
