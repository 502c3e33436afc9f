using System.Text;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Monitoring;

/// <summary>A monitor, its windows and its rules, with traffic as an aggregator tells of it.</summary>
public sealed class MonitorPagesTests(ServerFixture server, Browser browser)
{
    private const string OddFeature = "<b>\u202Ename\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var name = await WatchedAsync(false, false, true, true);
        await NewAsync($"{name}-new", windowRows: 1000);

        foreach (var path in (string[])["/monitors", $"/monitors/{name}", $"/monitors/{name}?w=1&f={Uri.EscapeDataString(OddFeature)}", $"/monitors/{name}?as=bins", $"/monitors/{name}-new", $"/monitors/{name}/alerts", $"/monitors/{name}-new/alerts", $"/monitors/{name}/rules?windowSeconds=3600&windowRows=100&raiseAfter=1", $"/monitors/{name}/rules?windowSeconds=many&alpha=2"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }
    }

    [Theory]
    [InlineData("/monitors/not-there", 404)]
    [InlineData("/monitors/not%20a%20name", 400)]
    [InlineData("/monitors?after=what", 400)]
    public Task WhatIsNotThere_IsSaidSo(string path, int status) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, status);

    [Fact]
    public async Task Windows_AreSteppedThrough_AndTheChoiceIsInTheAddress()
    {
        var name = await WatchedAsync(false, false, true, true);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("o");
        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();

        var verdict = page.GetByRole(AriaRole.Region, new() { Name = "Verdict" });
        await Expect(verdict).ToContainTextAsync("1 of 3 features drifted in window 4. age median 99.5 → 194.3.");
        await Expect(verdict).ToContainTextAsync("An alert is open since");
        await Expect(page.Locator("details.data table")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("t");
        await Expect(page.Locator("details.data table")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(verdict).ToContainTextAsync("None of 3 features has drifted in window 2.");
        await Expect(page.GetByRole(AriaRole.Slider)).ToHaveAttributeAsync("aria-valuenow", "2");
        Assert.Contains("w=2", page.Url, StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Link, new() { Name = "town" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "town" })).ToContainTextAsync("Basel");
        await page.GetByLabel("Filter features").FillAsync("tow");
        await Expect(page.Locator("tr[data-feature]:visible")).ToHaveCountAsync(1);
        await page.ReloadAsync();
        await Expect(verdict).ToContainTextAsync("window 2.");
        await Expect(page.Locator("tr[aria-selected=true]")).ToContainTextAsync("town");
        await page.GoBackAsync();
        await Expect(page.Locator("tr[aria-selected=true]")).Not.ToContainTextAsync("town");
        Assert.Equal(0, await page.Locator("main b b").CountAsync());
    }

    [Fact]
    public async Task Rules_AreTriedOnTheStoredWindows_BeforeTheyAreSaved()
    {
        var name = await WatchedAsync(false, true, false, true);
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        reader.MayFail.Add($"/api/v1/monitors/{name}");
        var page = reader.Page;
        await reader.GoAsync($"/monitors/{name}/rules");

        await page.GetByLabel("Raises after").FillAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try on stored windows" }).ClickAsync();
        await Expect(page.GetByText("raiseAfter is 4; must be 1 to 3.")).ToBeVisibleAsync();
        await page.GetByLabel("Raises after").FillAsync("3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try on stored windows" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Back-test" })).ToContainTextAsync("No alert would have been raised, where there was 1.");
        Assert.Equal(2, (await client.Monitors.GetAsync(name, Token)).Rules.RaiseAfter);

        await page.GetByLabel("False-alarm rate").FillAsync("0.7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save rules" }).ClickAsync();
        await Expect(page.GetByText("alpha is 0.7; must be above 0 and at most 0.5.")).ToBeVisibleAsync();
        await page.GetByLabel("False-alarm rate").FillAsync("0.02");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save rules" }).ClickAsync();
        await Expect(page.GetByText("The rules are saved; a new window begins (generation 2)")).ToBeVisibleAsync();

        var saved = await client.Monitors.GetAsync(name, Token);
        Assert.Equal((3, 0.02, 100, 3), (saved.Rules.RaiseAfter, saved.Rules.Alpha, saved.Rules.WindowRows, saved.Rules.Features!.Count));
        Assert.Equal(4, (await client.Monitors.BackTestAsync(name, saved.Rules, Token)).Windows.Count);
    }

    /// <summary>A monitor with a closed window for each verdict.</summary>
    private async Task<string> WatchedAsync(params bool[] drifts)
    {
        var name = $"mon-{Guid.NewGuid():N}"[..20];
        await NewAsync(name, windowRows: 100);
        await WatchedTraffic.SendAsync(server.Services, name, 100, drifts);
        return name;
    }

    private async Task NewAsync(string name, int windowRows)
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes($"age,town,{OddFeature}\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{(i % 2 == 0 ? "Bern" : "Basel")},{(i % 4 < 2 ? "a" : "<i>b")}\n"))));
        var blob = await client.Blobs.UploadAsync(csv, Token);
        await client.Monitors.ConfigureAsync(name, new MonitorRules(blob.Digest, ["age", "town", OddFeature], windowRows), Token);
    }
}
