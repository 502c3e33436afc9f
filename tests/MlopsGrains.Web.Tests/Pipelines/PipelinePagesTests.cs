using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Pipelines;

/// <summary>Pipelines, their definitions and runs, on a server that runs them: one that fails at once, and one that keeps trying.</summary>
public sealed class PipelinePagesTests(ServerFixture server, Browser browser)
{
    private const string OddText = "<img src=x onerror=alert(1)> \u202Ename\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var (name, run) = await EndedAsync();

        foreach (var path in (string[])["/pipelines", "/pipeline-runs?status=failed", $"/pipelines/{name}", $"/pipelines/{name}/definition", $"/pipeline-runs/{run}", $"/pipeline-runs/{run}?step=b&tab=attempts", $"/pipeline-runs/{run}?step=b&tab=why&waits=0"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }
    }

    [Theory]
    [InlineData("/pipelines/not-there", 404)]
    [InlineData("/pipeline-runs/0123456789abcdef0123456789abcdef", 404)]
    [InlineData("/pipeline-runs/what", 404)]
    public Task WhatIsNotThere_IsSaidSo(string path, int status) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, status);

    [Fact]
    public async Task ARun_IsStartedFromItsParams_WatchedToItsEnd_AndItsStepsAreLinks()
    {
        var name = await DefineAsync("{name: b, uses: dataset/load, needs: a, with: {dataset: gone}}");
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("p");
        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.GetByLabel("seed").FillAsync("many");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run pipeline" }).ClickAsync();
        await Expect(page.GetByText("params.seed must be a number like its default, not 'many'.")).ToBeVisibleAsync();
        await page.GetByLabel("seed").FillAsync("7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run pipeline" }).ClickAsync();
        await page.WaitForURLAsync("**/pipeline-runs/*");

        await Expect(page.Locator(".head .badge").First).ToHaveTextAsync("failed");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Reason" })).ToContainTextAsync("gone");
        await Expect(page.Locator(".head .facts")).ToContainTextAsync("seed 7");
        await page.Locator(".dag [data-step=b]").FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.Locator(".insp h2")).ToHaveTextAsync("a");
        await page.GetByRole(AriaRole.Link, new() { Name = "Inputs, outputs" }).ClickAsync();
        await Expect(page.Locator(".insp .kv").First).ToContainTextAsync(name);
        Assert.Contains("step=a&tab=data", page.Url, StringComparison.Ordinal);

        await page.ReloadAsync();
        await Expect(page.Locator(".insp h2")).ToHaveTextAsync("a");
        await page.GoBackAsync();
        await Expect(page.Locator("[data-log]")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task ARun_ThatIsCancelledWhileItIsWatched_SaysSo()
    {
        using var client = Client();
        var name = await DefineAsync("{name: b, uses: dataset/load, needs: a, retry: {attempts: 10}, with: {dataset: gone}}");
        var run = await client.Pipelines.StartAsync(name, cancellationToken: Token);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/pipeline-runs/{run.PipelineRunId}?step=b&tab=attempts");
        await Expect(reader.Page.Locator("[data-live]")).ToHaveTextAsync("live");
        await Expect(reader.Page.Locator(".insp .said").First).ToContainTextAsync("gone");

        await client.Pipelines.CancelAsync(run.PipelineRunId, OddText, Token);

        await Expect(reader.Page.Locator(".head .badge").First).ToHaveTextAsync("cancelled");
        await Expect(reader.Page.GetByRole(AriaRole.Region, new() { Name = "Reason" })).ToContainTextAsync(OddText);
        Assert.Equal(0, await reader.Page.Locator("main img").CountAsync());
        await Expect(reader.Page.GetByRole(AriaRole.Button, new() { Name = "Run again" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task ALogOfTwentyThousandLines_IsReadByItsNumbers()
    {
        var (_, run) = await EndedAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await page.RouteAsync($"**/pipeline-runs/{run}/logs?**", route =>
        {
            var lines = Enumerable.Range(1, route.Request.Url.Contains("after=0&", StringComparison.Ordinal) ? 20_000 : 0).Select(i => new { line = i, time = "2026-11-28T14:05:12Z", step = "b", attempt = 1 + (i % 2), text = i == 17_777 ? "the needle " + OddText : $"line {i}" });
            return route.FulfillAsync(new() { ContentType = "application/json", Body = JsonSerializer.Serialize(lines) });
        });

        await reader.GoAsync($"/pipeline-runs/{run}?step=b&line=15000");
        var shows = page.Locator("[data-log-shows]");
        await Expect(shows).ToContainTextAsync("of 20,000", new() { Timeout = 20_000 });
        await Expect(page.Locator(".rows .marked")).ToContainTextAsync("line 15000");
        Assert.InRange(await page.Locator("[data-log] .rows > div").CountAsync(), 10, 300);

        await page.GetByLabel("Find in the log").FillAsync("needle");
        await Expect(shows).ToHaveTextAsync("lines 1–1 of 1");
        await Expect(page.Locator(".rows")).ToContainTextAsync(OddText);
        Assert.Contains("q=needle", page.Url, StringComparison.Ordinal);
    }

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    /// <summary>A run whose second step has failed.</summary>
    private async Task<(string Pipeline, string Run)> EndedAsync()
    {
        using var client = Client();
        var name = await DefineAsync("{name: b, uses: dataset/load, needs: a, retry: {attempts: 2}, with: {dataset: gone}}", "{name: c, uses: dataset/load, needs: [a, b], with: {dataset: gone}}");
        var run = await client.Pipelines.StartAsync(name, cancellationToken: Token);
        await client.Pipelines.WaitAsync(run.PipelineRunId, TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50), cancellationToken: Token);
        return (name, run.PipelineRunId);
    }

    /// <summary>A pipeline whose first step loads a dataset, with two params.</summary>
    private async Task<string> DefineAsync(params string[] steps)
    {
        using var client = Client();
        var name = $"web-{Guid.NewGuid():N}"[..20];
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes("x,kind\n1,a\n2,b\n"));
        await client.Datasets.UploadAsync(name, csv, cancellationToken: Token);
        await client.Pipelines.RegisterAsync(
            $"name: {name}\ndescription: \"{OddText.Replace("\u202E", "\\u202E", StringComparison.Ordinal).Replace("\u200B", "\\u200B", StringComparison.Ordinal)}\"\nparams: {{seed: 42, fast: true}}\nsteps:\n  - {{name: a, uses: dataset/load, with: {{dataset: {name}}}}}\n" + string.Concat(steps.Select(s => $"  - {s}\n")), Token);
        return name;
    }
}
