using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;
using MlopsGrains.Web.Experiments;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Experiments;

public sealed class CompareTests(ServerFixture server, Browser browser)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_IsAccessibleInBothThemes()
    {
        var (_, ids) = await MakeAsync();
        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/compare?runs={string.Join(',', ids)}");
        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/compare?runs={string.Join(',', ids)},0123456789abcdef0123456789abcdef&diff=0");
        await EveryPage.HoldsAsync(browser, server.BaseAddress, "/compare");
    }

    [Fact]
    public async Task Selected_AreCompared_DifferencesFirst_AgainstTheFirst()
    {
        var (experiment, ids) = await MakeAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{experiment}/runs?sort=run_name");
        await page.Locator("[data-all]").CheckAsync();
        await page.Keyboard.PressAsync("c");
        await page.WaitForURLAsync(new System.Text.RegularExpressions.Regex($@"/compare\?runs={ids[0]}:\d,{ids[1]}:\d$"));

        var row = page.GetByRole(AriaRole.Row, new() { Name = "loss" });
        await Expect(row.Locator("td").Nth(1)).ToHaveTextAsync("0.25 −50 %");
        await Expect(row.Locator("td").Nth(1).Locator(".best")).ToHaveCountAsync(1);
        await Expect(row.Locator("td").Nth(1).Locator(".ok")).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "label" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Show equal rows too" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "label" })).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Link, new() { Name = "Take run-1 as baseline" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "loss" }).Locator("td").Nth(1)).ToHaveTextAsync("0.50 +100 %");
    }

    [Fact]
    public async Task Curves_Axes_AndOtherRuns_AreDrawn()
    {
        var (experiment, ids) = await MakeAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/compare?runs={ids[0]}:4,{ids[1]}&e={experiment}");

        await Expect(reader.Page.Locator("[data-said]")).ToHaveTextAsync("2 runs", new() { Timeout = 20_000 });
        await Expect(reader.Page.Locator("[data-parallel] canvas")).ToHaveCountAsync(1);
        await Expect(reader.Page.Locator("[data-scatter] canvas")).ToHaveCountAsync(1);
        await Expect(reader.Page.Locator("[data-metric='loss'] canvas")).ToHaveCountAsync(1);
        await Expect(reader.Page.Locator(".chip").First).ToHaveClassAsync("chip c4");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Contour" }).ClickAsync();
        await Expect(reader.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("as=contour"));
    }

    [Fact]
    public void Slots_AreThoseOfTheLink_ElseEachRunsOwn_ElseTheNextFree()
    {
        Assert.Equal([("a", (int?)5), ("b", null), ("c", null)], new[] { "a:5", "b", "c:99" }.Select(RunSlots.Read));
        var own = RunSlots.Of([("a", null)])[0];
        Assert.Equal([own, (own + 1) % 8], RunSlots.Of([("a", null), ("a", null)]));
        Assert.Equal([own, (own + 1) % 8], RunSlots.Of([("x", own), ("a", null)]));
        Assert.Equal(Enumerable.Range(0, 16), RunSlots.Of([.. Enumerable.Range(0, 16).Select(i => ($"r{i}", (int?)null))]).Order());
    }

    [Fact]
    public void Metric_KnowsItsBest_AndWhoIsBetter()
    {
        Assert.Equal(0.2, new ComparedMetric("loss", [0.5, 0.2, double.NaN, null]).Best);
        Assert.Equal(0.5, new ComparedMetric("auc", [0.5, 0.2]).Best);
        Assert.Null(new ComparedMetric("auc", [0.5, null]).Best);
        Assert.Equal([0, 1, -1, 0], Enumerable.Range(0, 4).Select(new ComparedMetric("loss", [0.5, 0.2, 0.7, null]).Sign));
    }

    private async Task<(string Experiment, string[] Ids)> MakeAsync()
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var experiment = await client.Experiments.CreateAsync(new($"compare-{Guid.NewGuid():N}"), Token);
        var ids = new List<string>();
        for (var n = 0; n < 2; n++)
        {
            var run = await client.Runs.CreateAsync(new NewRun(experiment.ExperimentId, $"run-{n}"), Token);
            await client.Runs.LogBatchAsync(run.Info.RunId, new RunBatch(new MetricColumns(["loss"], [0], [0.5 / (n + 1)], [1_795_000_000_000], [1]), [new("lr", $"0.{n}"), new("label", "same")], []), Token);
            ids.Add(run.Info.RunId);
        }

        return (experiment.ExperimentId, [.. ids]);
    }
}
