using System.Text;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Experiments;

/// <summary>One run's pages, on a run with curves, values that are no numbers, names that try to be markup, and files.</summary>
public sealed class RunTests(ServerFixture server, Browser browser)
{
    private const string OddName = "<img src=x onerror=alert(1)> \u202Ename\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("/metrics")]
    [InlineData("/metrics?x=time&smooth=60&log=1")]
    [InlineData("/artifacts")]
    [InlineData("/artifacts?path=reports")]
    [InlineData("/artifacts?path=reports/day.txt")]
    [InlineData("/system")]
    public async Task Page_IsAccessibleInBothThemes(string tab)
    {
        using var client = Client();
        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/runs/{await MakeAsync(client)}{tab}");
    }

    [Theory]
    [InlineData("/runs/0123456789abcdef0123456789abcdef", 404)]
    [InlineData("/runs/0123456789abcdef0123456789abcdef/metrics", 404)]
    [InlineData("/runs/what", 404)]
    public Task Run_ThatIsNotThere_IsSaidSo(string path, int status) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, status);

    [Fact]
    public async Task Charts_AreDrawn_AndTheirViewIsALink()
    {
        using var client = Client();
        var id = await MakeAsync(client);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/runs/{id}/metrics");

        await Expect(page.Locator("[data-metric='val_auc'] canvas")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-metric='grad_norm'] canvas")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Relative" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Log scale" }).ClickAsync();
        await page.GetByLabel("Smoothing").FillAsync("70");
        await page.GetByLabel("Filter metrics").FillAsync("/^val/");
        await Expect(page.Locator("[data-metric='grad_norm']")).ToBeHiddenAsync();
        Assert.Equal($"/runs/{id}/metrics?x=rel&smooth=70&log=1&m=%2F%5Eval%2F", new Uri(page.Url).PathAndQuery);

        var chart = (await page.Locator("[data-metric='val_auc'] .u-over").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(chart.X + (chart.Width / 4), chart.Y + 20);
        await Expect(page.Locator("[data-metric='val_auc'] .chart-tip")).ToContainTextAsync("0.9");
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(chart.X + (chart.Width / 2), chart.Y + 20);
        await page.Mouse.UpAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Whole range" })).ToBeVisibleAsync();
        Assert.Matches(@"xr=-?\d+\.\.-?\d+", page.Url);

        await page.ReloadAsync();
        await Expect(page.Locator("[data-metric='val_auc'] canvas")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-metric='grad_norm']")).ToBeHiddenAsync();
        await Expect(page.GetByLabel("Smoothing")).ToHaveValueAsync("70");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Relative" })).ToHaveAttributeAsync("aria-pressed", "true");
    }

    /// <summary>Reduction leaves a smoothed line where it was, a start is not drawn towards nothing, and a table keeps every quoted comma.</summary>
    [Fact]
    public async Task RulesOfCharts_Hold()
    {
        using var client = Client();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/runs/{await MakeAsync(client)}/metrics");
        var script = await reader.Page.Locator("script[src*='run.js']").GetAttributeAsync("src");
        async Task<string> RunAsync(string file, string body) => await reader.Page.EvaluateAsync<string>($"import('{script!.Replace("run.js", file, StringComparison.Ordinal)}').then(m => JSON.stringify(({body})(m)))");

        Assert.Equal("[5,5,5]", await RunAsync("chart.js", "m => m.smooth([0, 1, 2], [5, 5, 5], .9)"));
        Assert.Equal("[0,1]", await RunAsync("chart.js", "m => m.smooth([0, 100], [0, 1], .5, 1).map(v => Math.round(v))"));
        Assert.Equal("true", await RunAsync("chart.js", "m => { const x = [...Array(4096).keys()], y = x.map(v => v / 4096), all = m.soften({ x, y, width: 1, count: 4096 }, .98), few = x.filter(v => v % 8 === 0 || v % 8 === 7), less = m.soften({ x: few, y: few.map(v => v / 4096), width: 8, count: 4096 }, .98); return Math.abs(all.at(-1) - less.at(-1)) < .002; }"));
        Assert.Equal("[1,99]", await RunAsync("chart.js", "m => m.usual([...Array(101).keys()])"));
        Assert.Equal("""[["a","b,c"],["d\"","e\nf"]]""", await RunAsync("artifacts.js", "m => m.rows('a,\"b,c\"\\r\\n\"d\"\"\",\"e\\nf\"\\n')"));
        Assert.Equal("""["params.lr","metrics.auc"]""", await RunAsync("compare.js", "m => m.axes([{ values: { 'params.lr': '1', 'params.same': 'x' } }, { values: { 'params.lr': '2', 'params.same': 'x' } }], ['metrics.auc', 'params.lr', 'params.same'], 'metrics.auc')"));
        Assert.Equal("[true,false]", await RunAsync("compare.js", "m => [m.column([{ values: { k: '0.001' } }, { values: { k: '1' } }], 'k').log, m.column([{ values: { k: '1' } }, { values: { k: '2' } }], 'k').log]"));
        Assert.Equal("""["b","a"]""", await RunAsync("compare.js", "m => m.column([{ values: { k: 'a', y: 2 } }, { values: { k: 'b', y: 1 } }], 'k', 'y').categories"));
        Assert.Equal("[12.706,4.303,2.262]", await RunAsync("groups.js", "m => [1, 2, 9].map(n => +m.student(n, 95).toFixed(3))"));
        Assert.Equal("[[1,1],[-11.706,-11.706],[0,10]]", await RunAsync("groups.js", "m => { const b = m.band([{ x: [0, 10], y: [0, 0] }, { x: [0, 10], y: [2, 2] }], 95), ends = a => [a[0], a.at(-1)].map(v => +v.toFixed(3)); return [ends(b.y), ends(b.low), ends(b.x)]; }"));
        Assert.Equal("0.5", await RunAsync("compare.js", "m => m.between([{ x: 0, y: 0, z: 0 }, { x: 1, y: 0, z: 1 }], .5, 0)"));
    }

    [Fact]
    public async Task Files_AreShown_AsWhatTheyAre_AndRunNothing()
    {
        using var client = Client();
        var id = await MakeAsync(client);
        foreach (var (name, text) in ((string, string)[])[("notes.md", "# Read me\n\n<img src=x onerror=alert(1)> [out](javascript:alert(1)) ![pic](https://example.org/p.png)"), ("t.csv", "name,score\n\"a, b\",1\n"), ("deep.json", """{"a":{"b":[1,2]}}"""), ("page.html", "<p>hello</p><script>parent.document.title = 'owned'</script>"), ("blob.bin", "\u0001")])
        {
            using var file = new MemoryStream(Encoding.UTF8.GetBytes(text));
            await client.Runs.UploadArtifactAsync(id, name, file, Token);
        }

        await using var reader = await browser.OpenAsync(server.BaseAddress);
        reader.MayFail.Add("about:srcdoc");
        var page = reader.Page;
        await reader.GoAsync($"/runs/{id}/artifacts?path=t.csv");
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "a, b" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "deep.json" }).ClickAsync();
        await page.Locator(".json summary").Nth(1).ClickAsync();
        await Expect(page.Locator(".json")).ToContainTextAsync("b: ");
        await reader.GoAsync($"/runs/{id}/artifacts?path=page.html");
        await Expect(page.FrameLocator(".framed").GetByText("hello")).ToBeVisibleAsync();
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        await reader.GoAsync($"/runs/{id}/artifacts?path=notes.md");
        await Expect(page.Locator(".markdown h1")).ToHaveTextAsync("Read me");
        await Expect(page.Locator(".markdown")).ToContainTextAsync("<img src=x");
        Assert.Equal(0, await page.Locator(".markdown img").CountAsync());
        await reader.GoAsync($"/runs/{id}/artifacts?path=blob.bin");
        await Expect(page.GetByText("No preview")).ToBeVisibleAsync();
        await reader.GoAsync($"/runs/{id}/artifacts?path=reports/day.txt#L1");
        await Expect(page.Locator("#L1.at")).ToHaveTextAsync("1all good");
    }

    [Fact]
    public async Task TagsAndNotes_AreEditedInPlace()
    {
        using var client = Client();
        var id = await MakeAsync(client);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/runs/{id}");

        await page.GetByLabel("Tag key").FillAsync("stage");
        await page.GetByLabel("Tag value").FillAsync("<i>one</i>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add tag" }).ClickAsync();
        await Expect(page.Locator("[data-tag='stage']")).ToContainTextAsync("stage: <i>one</i>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove tag team" }).ClickAsync();
        await Expect(page.GetByText("Removed tag team")).ToBeVisibleAsync();
        await page.GetByLabel("Notes").FillAsync("Better than before.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save notes" }).ClickAsync();
        await Expect(page.GetByText("Saved the notes")).ToBeVisibleAsync();

        var tags = (await client.Runs.GetAsync(id, Token)).Tags.ToDictionary(t => t.Key, t => t.Value);
        Assert.Equal(("<i>one</i>", "Better than before.", false), (tags["stage"], tags["mlflow.note.content"], tags.ContainsKey("team")));
    }

    [Fact]
    public async Task LivePoint_ShowsUp_ByItself()
    {
        using var client = Client();
        var id = await MakeAsync(client, end: false);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/runs/{id}/metrics");
        await Expect(reader.Page.Locator("[data-live]")).ToHaveTextAsync("live");

        await client.Runs.LogBatchAsync(id, Batch([("val_auc", 0.54321, 500)]), Token);

        await Expect(reader.Page.Locator("[data-metric='val_auc'] [data-last]")).ToHaveTextAsync("0.54321");
    }

    [Fact]
    public async Task Deleted_CanBeRestored_OnTheSamePage()
    {
        using var client = Client();
        var id = await MakeAsync(client);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/runs/{id}");

        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Delete run" }).ClickAsync();
        await Expect(reader.Page.GetByText("deleted", new() { Exact = true })).ToBeVisibleAsync();
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Restore" }).ClickAsync();

        await Expect(reader.Page.GetByRole(AriaRole.Button, new() { Name = "Delete run" })).ToBeVisibleAsync();
        Assert.Equal(LifecycleStage.Active, (await client.Runs.GetAsync(id, Token)).Info.LifecycleStage);
    }

    [Fact]
    public async Task NamesAreTexts_WhateverTheyHold()
    {
        using var client = Client();
        var id = await MakeAsync(client);
        await using var reader = await browser.OpenAsync(server.BaseAddress);

        await reader.GoAsync($"/runs/{id}");

        await Expect(reader.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(OddName);
        Assert.Equal(0, await reader.Page.Locator("main img").CountAsync());
    }

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    private static async Task<string> MakeAsync(MlopsGrainsClient client, bool end = true)
    {
        var run = await client.Runs.CreateAsync(new NewRun("0", OddName, "ana", Tags: [new("team", "<b>growth</b>"), new("mlflow.note.content", "As *before*.")]), Token);
        var id = run.Info.RunId;
        await client.Runs.LogBatchAsync(id, Batch([.. Enumerable.Range(0, 200).SelectMany(s => ((string, double, long)[])[("val_auc", 1 - (1 / (s + 2.0)), s), ("system/cpu_utilization_percentage", s % 7, s), ("grad_norm", s % 60 == 7 ? double.NaN : 4.0 / (s + 1), s)])]), Token);
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("all good"));
        await client.Runs.UploadArtifactAsync(id, "reports/day.txt", file, Token);
        if (end)
        {
            await client.Runs.UpdateAsync(id, new RunUpdate(RunStatus.Finished, run.Info.StartTime + 372_000), Token);
        }

        return id;
    }

    private static RunBatch Batch(IReadOnlyList<(string Key, double Value, long Step)> points)
    {
        string[] keys = [.. points.Select(p => p.Key).Distinct()];
        var metrics = new MetricColumns(
            keys, [.. points.Select(p => Array.IndexOf(keys, p.Key))], [.. points.Select(p => p.Value)], [.. points.Select(p => 1_795_000_000_000 + (p.Step * 1000))], [.. points.Select(p => p.Step)]);
        return new RunBatch(metrics, points.Count > 1 ? [new("lr", "0.05"), new("empty", "")] : [], []);
    }
}
