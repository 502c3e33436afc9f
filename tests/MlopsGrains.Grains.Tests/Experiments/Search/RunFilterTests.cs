using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class RunFilterTests
{
    private static readonly Run Sample = new(
        new RunInfo("abc", "7", "Quiet Heron", "ada", RunStatus.Finished, 1000, null, "mlflow-artifacts:/7/abc/artifacts", LifecycleStage.Active),
        [new("acc", 0.9, 1, 1), new("nan", double.NaN, 1, 1), new("val loss", -1e-3, 1, 1)],
        [new("lr", "0.1"), new("opt", "Adam")],
        [new("mlflow.runName", "Quiet Heron"), new("team", "it's")],
        [new DatasetInput("iris", "d1", "local", "x", null, null, [new("mlflow.data.context", "train")])],
        [],
        []);

    [Theory]
    [InlineData("", true)]
    [InlineData("metrics.acc > 0.5", true)]
    [InlineData("metric.acc >= 9e-1 AND", true)]
    [InlineData("metrics.acc = 0.9 and params.lr = '0.1'", true)]
    [InlineData("metrics.acc != 0.9", false)]
    [InlineData("metrics.absent != 1", false)]
    [InlineData("metrics.`val loss` < -.0005", true)]
    [InlineData("metrics.\"val loss\"<0", true)]
    [InlineData("metrics.nan > 0", false)]
    [InlineData("params.opt LIKE 'A%'", true)]
    [InlineData("params.opt like 'a%'", false)]
    [InlineData("params.opt ILIKE 'a__m'", true)]
    [InlineData("parameters.opt != \"SGD\"", true)]
    [InlineData("params.absent != 'x'", false)]
    [InlineData("param.absent IS NULL", true)]
    [InlineData("tags.team is not null", true)]
    [InlineData("tags.team = 'it''s'", true)]
    [InlineData("tags.`mlflow.runName` = 'Quiet Heron'", true)]
    [InlineData("tags.mlflow.runName ILIKE 'quiet%'", true)]
    [InlineData("run_id IN ('abc', 'def')", true)]
    [InlineData("attributes.run_id NOT IN ('abc')", false)]
    [InlineData("run name = 'Quiet Heron'", true)]
    [InlineData("`run name` = 'Quiet Heron'", true)]
    [InlineData("attr.run_name LIKE '%Heron'", true)]
    [InlineData("status = 'FINISHED' and user_id = 'ada'", true)]
    [InlineData("attribute.start_time >= 1000", true)]
    [InlineData("created < 1001", true)]
    [InlineData("end_time > 0", false)]
    [InlineData("datasets.name = 'iris' AND dataset.context LIKE 'tr%'", true)]
    [InlineData("datasets.digest IN ('d2')", false)]
    [InlineData("metrics.acc > 0.95 OR params.opt IN ('Adam', 'SGD')", true)]
    [InlineData("NOT (metrics.acc > 0.95 OR params.opt = 'Adam')", false)]
    [InlineData("NOT metrics.absent > 0", true)]
    public void Filter_MatchesAsTheProtocolSays(string filter, bool matches) => Assert.Equal(matches, Matches(filter, Sample));

    [Theory]
    [InlineData("max(params.lr) > 1", "history")]
    [InlineData("metrics.acc > '0.5'", "numeric")]
    [InlineData("metrics.acc LIKE 0.5", "LIKE")]
    [InlineData("metrics.acc IS NULL", "IS NULL")]
    [InlineData("params.lr = 0.1", "quoted")]
    [InlineData("params.lr > '0.1'", "ILIKE")]
    [InlineData("params.lr = x", "quoted")]
    [InlineData("start_time = 'x'", "numeric")]
    [InlineData("lifecycle_stage = 'active'", "run_id")]
    [InlineData("attributes.nope = 'x'", "run_id")]
    [InlineData("things.nope = 'x'", "metrics")]
    [InlineData("datasets.nope = 'x'", "context")]
    [InlineData("metrics.acc", "operator")]
    [InlineData("metrics.acc == 1", "number")]
    [InlineData("metrics.acc > 1.2.3", "not a number")]
    [InlineData("metrics.acc > 1; metrics.acc > 2", "';'")]
    [InlineData("params.lr = 'open", "not closed")]
    [InlineData("run_id IN ()", "empty list")]
    [InlineData("run_id IN ('a'", "')'")]
    [InlineData("metrics. > 1", "dot")]
    [InlineData("metrics.`` > 1", "empty")]
    [InlineData("AND", "operator")]
    public void BadFilter_IsRefused_SayingWhy(string filter, string says)
    {
        var refused = Assert.Throws<MlopsException>(() => RunFilter.Parse(filter));

        Assert.Equal((ErrorKind.InvalidInput, "filter"), (refused.Kind, refused.Field));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyText_IsAFilterOrARefusal() =>
        Gen.OneOf(Gen.String, Gen.OneOf("metrics.", "a", "=", ">", "'", "\"", "`", " ", "AND", "IN", "(", ")", ",", "1", "-", ".", "NOT", "NULL").Array[0, 12].Select(string.Concat)).Sample(text =>
        {
            try
            {
                Matches(text, Sample);
            }
            catch (MlopsException e)
            {
                Assert.Equal("filter", e.Field);
            }
        });

    [Theory]
    [InlineData("metrics.m", "3 1 2 nan none")]
    [InlineData("metrics.m DESC", "2 1 3 nan none")]
    [InlineData("params.p DESC", "2 none 1 nan 3")]
    [InlineData("run_name ASC", "1 2 3 nan none")]
    [InlineData("end_time", "3 2 1 nan none")]
    public void Order_PutsNaNAfterNumbers_AndWhatIsMissingLast(string orderBy, string expected)
    {
        var table = new RunTable();
        foreach (var run in Unordered)
        {
            table.Put(SampleRuns.Collected(run));
        }

        Assert.Equal(expected, string.Join(' ', SampleRuns.Find(table, null, [orderBy], LifecycleView.All, null, 10).Select(r => r.Info.RunName)));
    }

    [Theory]
    [InlineData("metrics.a", "metrics.a DESC", "orderBy")]
    [InlineData("metrics.a sideways", null, "orderBy[0]")]
    [InlineData("nope", null, "orderBy[0]")]
    [InlineData("datasets.name", null, "orderBy[0]")]
    public void BadOrder_IsRefused(string first, string? second, string field) =>
        Assert.Equal(field, Assert.Throws<MlopsException>(() => RunOrder.Parse(second is null ? [first] : [first, second])).Field);

    private static IEnumerable<Run> Unordered =>
    [
        With(Named("none", 5), null, "b", null), With(Named("nan", 5), double.NaN, null, null), With(Named("1", 1), 2, "a", 30),
        With(Named("2", 2), double.PositiveInfinity, "c", 20), With(Named("3", 3), -1, null, 10),
    ];

    private static bool Matches(string filter, Run run)
    {
        var table = new RunTable();
        table.Put(SampleRuns.Collected(run));
        return SampleRuns.Find(table, filter, [], LifecycleView.All, null, 10).Count == 1;
    }

    private static Run Named(string name, long start) => Sample with { Info = Sample.Info with { RunId = name, RunName = name, StartTime = start }, Metrics = [], Params = [] };

    private static Run With(Run run, double? metric, string? param, long? end) => run with
    {
        Info = run.Info with { EndTime = end },
        Metrics = metric is { } value ? [new Metric("m", value, 1, 1)] : [],
        Params = param is null ? [] : [new Tag("p", param)],
    };
}
