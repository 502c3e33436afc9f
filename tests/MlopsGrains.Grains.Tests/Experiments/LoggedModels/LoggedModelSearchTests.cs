using CsCheck;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.LoggedModels;

namespace MlopsGrains.Grains.Tests.Experiments.LoggedModels;

/// <summary>Filter, order and pages over models at hand.</summary>
public sealed class LoggedModelSearchTests
{
    private static readonly LoggedModel Sample = new(
        "m-1", "7", "Net", "torch", "r1", "mlflow-artifacts:/7/models/m-1/artifacts", LoggedModelStatus.UploadFailed, LifecycleStage.Active, 1000, 2000,
        [new("lr", "0.1")], [new("team", "a")],
        [new("acc", 0.9, 1, 1, "r1", "train", "x"), new("acc", 0.5, 2, 1, "r1", "test", "y"), new("nan", double.NaN, 1, 1)], []);

    private static readonly Gen<LoggedModel> GenModel = Gen.Select(
        Gen.Int[0, 9999], Gen.Int[0, 3], Gen.Int[0, 2],
        Gen.Select(Gen.Int[0, 2], Gen.OneOf(Gen.Double[-2, 2], Gen.Const(double.NaN), Gen.Const(double.NegativeInfinity)), (k, v) => new LoggedModelMetric("k" + k, v, 1, 0)).Array[0, 3],
        (id, created, name, metrics) => Sample with { ModelId = "m-" + id, CreationTime = created, Name = "n" + name, Metrics = [.. metrics.DistinctBy(m => m.Key)] });

    [Theory]
    [InlineData("", true)]
    [InlineData("name = 'Net' AND model_type ILIKE 'TO%' AND attributes.model_id IN ('m-1', 'm-2')", true)]
    [InlineData("status = 'UPLOAD_FAILED'", true)]
    [InlineData("status = 'LOGGED_MODEL_UPLOAD_FAILED'", true)]
    [InlineData("status IN ('FAILED')", true)]
    [InlineData("status != 'READY'", true)]
    [InlineData("source_run_id NOT IN ('r1')", false)]
    [InlineData("creation_timestamp = 1000 AND creation_time <= 1000 AND last_updated_timestamp > 1999 AND last_updated_timestamp_ms < 2001", true)]
    [InlineData("metrics.acc > 0.8", true)]
    [InlineData("metrics.acc < 0.4 OR params.lr = '0.1'", true)]
    [InlineData("metrics.none != 0", false)]
    [InlineData("metrics.nan = 0", false)]
    [InlineData("params.none IS NULL AND tags.team IS NOT NULL", true)]
    [InlineData("NOT (tags.team LIKE 'a%')", false)]
    public void Filter_MatchesAsTheProtocolSays(string filter, bool matches) => Assert.Equal(matches, LoggedModelFilter.Parse(filter, [])(Sample));

    [Fact]
    public void Datasets_LeaveModelsWithMetricsOnThem()
    {
        int Found(params MetricDataset[] datasets) =>
            LoggedModelSearch.Parse(new LoggedModelQuery(["7"], null, datasets, [], 10, null)).Find([Sample, Sample with { ModelId = "m-2", Metrics = [] }]).Models.Count;

        Assert.Equal((2, 1, 1, 0), (Found(), Found(new MetricDataset("train")), Found(new MetricDataset("none"), new MetricDataset("test", "y")), Found(new MetricDataset("train", "y"))));
    }

    [Fact]
    public void OrderByADigestAlone_LooksAtMetricsOnIt()
    {
        LoggedModel With(string id, double onX, double onY) => Sample with { ModelId = id, Metrics = [new("acc", onX, 1, 1, "r1", "train", "x"), new("acc", onY, 2, 2, "r1", "train", "y")] };
        string Ordered(string? digest) => string.Join(
            ' ',
            LoggedModelSearch.Parse(new LoggedModelQuery(["7"], null, [], [new LoggedModelOrderKey("metrics.acc", true, digest is null ? null : new MetricDataset(null, digest))], 10, null))
                .Find([With("m-1", 1, 2), With("m-2", 2, 1)]).Models.Select(m => m.ModelId));

        Assert.Equal(("m-1 m-2", "m-2 m-1", "m-2 m-1"), (Ordered("x"), Ordered("y"), Ordered(null)));
    }

    [Theory]
    [InlineData("train", null, true)]
    [InlineData("train", "x", true)]
    [InlineData("test", null, false)]
    [InlineData("train", "y", false)]
    public void Datasets_RestrictMetrics(string name, string? digest, bool matches) =>
        Assert.Equal(matches, LoggedModelFilter.Parse("metrics.acc > 0.8", [new MetricDataset(name, digest)])(Sample));

    [Fact]
    public void Pages_OfAnyOrderAndSize_AreTheSortedWhole_OverSeveralExperiments() =>
        Gen.Select(GenModel.Array[0, 30], Gen.Int[1, 7], Gen.OneOf(Gen.Const("metrics.k0"), Gen.Const("metrics.k1"), Gen.Const("name"), Gen.Const("creation_timestamp"), Gen.Const("last_updated_timestamp")), Gen.Bool, Gen.Int[1, 3])
            .Sample((models, size, key, ascending, experiments) =>
            {
                models = [.. models.DistinctBy(m => m.ModelId)];
                var query = new LoggedModelQuery([.. Enumerable.Range(0, experiments).Select(e => $"{e}")], null, [], [new LoggedModelOrderKey(key, ascending)], size, null);
                var found = new List<string>();
                do
                {
                    var search = LoggedModelSearch.Parse(query);
                    var page = search.Merge([.. Enumerable.Range(0, experiments).Select(e => search.Find(models.Where((_, i) => i % experiments == e)))]);
                    Assert.InRange(page.Items.Count, page.NextPageToken is null ? 0 : 1, size);
                    found.AddRange(page.Items.Select(m => m.ModelId));
                    query = query with { PageToken = page.NextPageToken };
                }
                while (query.PageToken is not null);

                Assert.Equal(Sorted(models, key, ascending), found);
            });

    private static IEnumerable<string> Sorted(LoggedModel[] models, string key, bool ascending)
    {
        (int Rank, double Number, string Text) Value(LoggedModel m) => key switch
        {
            "name" => (0, 0, m.Name),
            "creation_timestamp" => (0, m.CreationTime, ""),
            "last_updated_timestamp" => (0, m.LastUpdateTime, ""),
            _ when m.Metrics.FirstOrDefault(x => x.Key == key[8..]) is not { } metric => (2, 0, ""),
            _ when double.IsNaN(m.Metrics.First(x => x.Key == key[8..]).Value) => (1, 0, ""),
            _ => (0, m.Metrics.First(x => x.Key == key[8..]).Value, ""),
        };
        var sorted = models.OrderBy(m => Value(m).Rank);
        sorted = ascending ? sorted.ThenBy(m => Value(m).Number).ThenBy(m => Value(m).Text, StringComparer.Ordinal)
            : sorted.ThenByDescending(m => Value(m).Number).ThenByDescending(m => Value(m).Text, StringComparer.Ordinal);
        return sorted.ThenByDescending(m => m.CreationTime).ThenBy(m => m.ModelId, StringComparer.Ordinal).Select(m => m.ModelId);
    }
}
