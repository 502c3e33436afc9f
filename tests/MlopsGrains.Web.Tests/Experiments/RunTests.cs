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

        await page.ReloadAsync();
        await Expect(page.Locator("[data-metric='val_auc'] canvas")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-metric='grad_norm']")).ToBeHiddenAsync();
        await Expect(page.GetByLabel("Smoothing")).ToHaveValueAsync("70");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Relative" })).ToHaveAttributeAsync("aria-pressed", "true");
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
        await client.Runs.LogBatchAsync(id, Batch([.. Enumerable.Range(0, 200).SelectMany(s => ((string, double, long)[])[("val_auc", 1 - (1 / (s + 2.0)), s), ("grad_norm", s % 60 == 7 ? double.NaN : 4.0 / (s + 1), s)])]), Token);
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
