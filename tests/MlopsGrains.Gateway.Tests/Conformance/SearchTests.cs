using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Conformance;

/// <summary>Every entity and operator of the run search grammar, its order and its pages, over four runs that differ in everything.</summary>
public sealed class SearchTests(ServerFixture server) : IAsyncLifetime
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly MlflowCaller mlflow = new(server.Http);
    private readonly Dictionary<string, string> names = [];
    private string experiment = "";

    public async ValueTask InitializeAsync()
    {
        experiment = await mlflow.NewExperimentAsync();
        await AddAsync("a", 1, "0.1", "Blue", "0.5", start: 40);
        await AddAsync("b", 2, "0.2", "blue", "\"NaN\"", start: 30, status: "FINISHED", end: 99);
        await AddAsync("c", 3, "0.10", "Red 100%", "\"Infinity\"", start: 20, dataset: "wine");
        await AddAsync("d", null, null, null, null, start: 10);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("", "abcd")]
    [InlineData("metrics.m = 1", "a")]
    [InlineData("metric.m != 1", "bc")]
    [InlineData("metrics.m > 1.5", "bc")]
    [InlineData("metrics.m >= 2", "bc")]
    [InlineData("metrics.m < 2e0", "a")]
    [InlineData("metrics.m <= 2 AND metrics.m > -1", "ab")]
    [InlineData("metrics.`m` < 2", "a")]
    [InlineData("metrics.\"m\" < 2", "a")]
    [InlineData("metrics.loss > 0", "ac")]
    [InlineData("params.lr = '0.1'", "a")]
    [InlineData("parameters.lr != \"0.1\"", "bc")]
    [InlineData("param.lr LIKE '0.1%'", "ac")]
    [InlineData("parameter.lr LIKE '0._'", "ab")]
    [InlineData("params.lr IS NULL", "d")]
    [InlineData("params.lr IS NOT NULL", "abc")]
    [InlineData("params.lr IN ('0.1', '0.2')", "ab")]
    [InlineData("params.lr NOT IN ('0.1', '0.2')", "c")]
    [InlineData("tags.color = 'blue'", "b")]
    [InlineData("tag.color ILIKE 'BLUE'", "ab")]
    [InlineData("tags.color LIKE 'blue'", "b")]
    [InlineData("tags.color like '%100%'", "c")]
    [InlineData("tags.color IS NULL", "d")]
    [InlineData("attributes.status = 'FINISHED'", "b")]
    [InlineData("status != 'FINISHED'", "acd")]
    [InlineData("attr.run_name = 'a'", "a")]
    [InlineData("run.run_name ILIKE 'A'", "a")]
    [InlineData("`Run name` = 'c'", "c")]
    [InlineData("run name = 'c'", "c")]
    [InlineData("user_id = 'user c'", "c")]
    [InlineData("attributes.start_time > 15 and attribute.start_time <= 30", "bc")]
    [InlineData("end_time = 99", "b")]
    [InlineData("created < 20", "d")]
    [InlineData("datasets.name = 'wine'", "c")]
    [InlineData("dataset.digest LIKE 'd-%'", "c")]
    [InlineData("datasets.context = 'train'", "c")]
    [InlineData("datasets.name IN ('wine', 'iris')", "c")]
    [InlineData("artifact_uri LIKE 'mlflow-artifacts:/%'", "abcd")]
    [InlineData("metrics.m > 1 AND params.lr = '0.2' AND ", "b")]
    [InlineData("metrics.m = 1 OR metrics.m = 3", "ac")]
    [InlineData("NOT metrics.m > 1", "ad")]
    [InlineData("(metrics.m = 1 OR params.lr = '0.2') AND tags.color ILIKE 'blue'", "ab")]
    public async Task Filter_FindsExactlyTheRunsThatMatch(string filter, string expected) =>
        Assert.Equal(expected, string.Concat((await FindAsync(filter)).Order()));

    [Fact]
    public async Task RunId_IsSearchable_ByListToo()
    {
        Assert.Equal(["b"], await FindAsync($"run_id = '{Id("b")}'"));
        Assert.Equal(["a", "b"], await FindAsync($"attributes.run_id IN ('{Id("a")}','{Id("b")}')"));
        Assert.Equal(["c", "d"], await FindAsync($"run_id NOT IN ('{Id("a")}','{Id("b")}')"));
    }

    [Theory]
    [InlineData("metrics.m = 'one'")]
    [InlineData("metrics.m LIKE '1'")]
    [InlineData("params.lr = 0.1")]
    [InlineData("params.lr > '0.1'")]
    [InlineData("tags.color = blue")]
    [InlineData("tags.color = `blue`")]
    [InlineData("color = 'blue'")]
    [InlineData("things.color = 'blue'")]
    [InlineData("attributes.lifecycle_stage = 'active'")]
    [InlineData("status > 'A'")]
    [InlineData("start_time = 'x'")]
    [InlineData("datasets.size = 'x'")]
    [InlineData("metrics.m > 1; metrics.m > 2")]
    [InlineData("metrics.m > 1 metrics.m > 2")]
    [InlineData("AND metrics.m > 1")]
    [InlineData("metrics. > 1")]
    [InlineData("metrics.m")]
    [InlineData("(metrics.m > 1")]
    [InlineData("metrics.m > 1)")]
    [InlineData("tags.color = 'blue")]
    [InlineData("tags.color IN ()")]
    [InlineData("metrics.m > 1 OR")]
    [InlineData("NOT")]
    public async Task BadFilter_Is400(string filter) =>
        await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, filter }, 400, Invalid);

    [Theory]
    [InlineData("metrics.m ASC", "abcd")]
    [InlineData("metrics.m DESC", "cbad")]
    [InlineData("metric.`m`", "abcd")]
    [InlineData("metrics.loss", "acbd")]
    [InlineData("metrics.loss DESC", "cabd")]
    [InlineData("params.lr", "acbd")]
    [InlineData("params.lr DESC", "bcad")]
    [InlineData("tags.color", "acbd")]
    [InlineData("attributes.start_time ASC", "dcba")]
    [InlineData("start_time DESC", "abcd")]
    [InlineData("end_time", "bacd")]
    [InlineData("run_name DESC", "dcba")]
    [InlineData("status", "bacd")]
    [InlineData("user_id DESC", "dcba")]
    [InlineData("metrics.none", "abcd")]
    public async Task Order_PutsNumbersFirst_ThenNaN_ThenMissing(string order, string expected)
    {
        var found = await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, order_by = new[] { order } });

        Assert.Equal(expected, string.Concat(Names(found)));
    }

    [Theory]
    [InlineData("metrics.m UP")]
    [InlineData("color")]
    [InlineData("datasets.name")]
    [InlineData("metrics.m DESC ASC")]
    [InlineData("")]
    public async Task BadOrder_Is400(string order) =>
        await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, order_by = new[] { order } }, 400, Invalid);

    [Fact]
    public async Task Pages_CoverEverythingOnce_AndATokenServesOnlyItsOwnQuestion()
    {
        var seen = new List<string>();
        string? token = null;
        string? first = null;
        do
        {
            var page = await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, max_results = 1, order_by = new[] { "metrics.loss" }, page_token = token ?? "" });
            seen.AddRange(Names(page));
            token = (string?)page["next_page_token"];
            first ??= token;
        }
        while (!string.IsNullOrEmpty(token));

        Assert.Equal("acbd", string.Concat(seen));
        Assert.NotNull(first);
        await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, page_token = first, order_by = new[] { "metrics.m" } }, 400, Invalid);
        await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, page_token = first, order_by = new[] { "metrics.loss" }, filter = "metrics.m > 0" }, 400, Invalid);
        await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, page_token = "eyJvZmZzZXQiOjF9", order_by = new[] { "metrics.loss" } }, 400, Invalid);
    }

    [Fact]
    public async Task Views_SeparateTheDeletedRuns()
    {
        await mlflow.DoAsync("/mlflow/runs/delete", new { run_id = Id("b") });

        Assert.Equal("acd", await ViewAsync("ACTIVE_ONLY"));
        Assert.Equal("b", await ViewAsync("DELETED_ONLY"));
        Assert.Equal("abcd", await ViewAsync("ALL"));
        Assert.Equal("abcd", await ViewAsync(3));

        async Task<string> ViewAsync(object view) =>
            string.Concat(Names(await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, run_view_type = view })).Order());
    }

    [Fact]
    public async Task SeveralExperiments_AreSearchedTogether_InOneOrder()
    {
        var other = await mlflow.NewExperimentAsync();
        var extra = (string)(await mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = other, run_name = "x", start_time = 25 }))["run"]!["info"]!["run_id"]!;
        names[extra] = "x";

        var found = await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { other, experiment, "424242" } });

        Assert.Equal("abxcd", string.Concat(Names(found)));
    }

    private async Task AddAsync(string name, double? metric, string? lr, string? color, string? loss, long start, string? status = null, long? end = null, string? dataset = null)
    {
        var id = (string)(await mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = experiment, run_name = name, start_time = start, user_id = "user " + name }))["run"]!["info"]!["run_id"]!;
        names[id] = name;
        if (metric is not null)
        {
            await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = id, key = "m", value = metric, timestamp = 1 });
            Assert.Equal(200, (await mlflow.PostAsync("/mlflow/runs/log-metric", $$"""{"run_id":"{{id}}","key":"loss","value":{{loss}},"timestamp":1}""")).Status);
            await mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = id, key = "lr", value = lr });
            await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "color", value = color });
        }

        if (status is not null)
        {
            await mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, status, end_time = end });
        }

        if (dataset is not null)
        {
            await mlflow.DoAsync("/mlflow/runs/log-inputs", new
            {
                run_id = id,
                datasets = new[] { new { dataset = new { name = dataset, digest = "d-1", source_type = "local", source = "x" }, tags = new[] { new { key = "mlflow.data.context", value = "train" } } } },
            });
        }
    }

    private async Task<IReadOnlyList<string>> FindAsync(string filter) =>
        Names(await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, filter }));

    private List<string> Names(JsonNode page) =>
        [.. page["runs"]?.AsArray().Select(r => names[(string)r!["info"]!["run_id"]!]) ?? []];

    private string Id(string name) => names.Single(n => n.Value == name).Key;
}
