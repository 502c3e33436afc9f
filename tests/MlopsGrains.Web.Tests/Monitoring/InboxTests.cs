using System.Text;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Monitoring;

public sealed class InboxTests(ServerFixture server, Browser browser)
{
    private const string Odd = "<img src=x onerror=alert(1)> \u202Esaid\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAlert_IsTaken_CommentedOn_AndSilenced()
    {
        var (name, alert) = await RaiseAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        reader.MayFail.Add("/silence");
        var page = reader.Page;
        await reader.GoAsync("/monitors");
        await Expect(page.Locator(".side .count.hot")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("i");
        await page.GetByRole(AriaRole.Link, new() { Name = $"A feature drifted on {name}" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync($"A feature drifted on {name}");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "What moved" })).ToContainTextAsync("median 99.5 →");
        await Expect(page.Locator(".facts")).ToContainTextAsync("nobody has it yet");
        await page.Keyboard.PressAsync("e");
        await Expect(page.Locator(".facts")).ToContainTextAsync("local has it");
        await page.GetByLabel("Comment").FillAsync(Odd);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Activity" })).ToContainTextAsync(Odd);
        Assert.Equal(0, await page.Locator("main img").CountAsync());

        await page.GetByRole(AriaRole.Button, new() { Name = "Silence" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Silence alert" }).ClickAsync();
        await Expect(page.GetByText("reason has 0 characters; must be 1 to 1000")).ToBeVisibleAsync();
        await page.GetByLabel("Why").FillAsync("a known change");
        await page.GetByRole(AriaRole.Button, new() { Name = "Silence alert" }).ClickAsync();
        await Expect(page.Locator(".facts")).ToContainTextAsync("silenced until");

        await page.GetByRole(AriaRole.Link, new() { Name = "Silenced" }).ClickAsync();
        await Expect(page.Locator(".list")).ToContainTextAsync(name);
        using var client = Client();
        Assert.Equal([AlertActKind.Acknowledged, AlertActKind.Commented, AlertActKind.Silenced], (await client.Alerts.GetAsync(name, alert.AlertId, Token)).Acts!.Select(a => a.Kind));
    }

    [Fact]
    public async Task OnAPhone_TheListComesFirst_ThenTheAlert_AndKeysWalkOnAScreen()
    {
        var (name, _) = await RaiseAsync();
        var (other, _) = await RaiseAsync();
        await using (var phone = await browser.OpenAsync(server.BaseAddress, width: 390, height: 844))
        {
            await phone.GoAsync("/inbox");
            await Expect(phone.Page.GetByRole(AriaRole.Article)).ToBeHiddenAsync();
            await phone.Page.GetByRole(AriaRole.Link, new() { Name = $"A feature drifted on {name}" }).ClickAsync();
            await Expect(phone.Page.GetByRole(AriaRole.Article)).ToBeVisibleAsync();
            await phone.Page.GetByRole(AriaRole.Link, new() { Name = "Inbox", Exact = true }).ClickAsync();
            await Expect(phone.Page.Locator(".list")).ToBeVisibleAsync();
        }

        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/inbox");
        await Expect(reader.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(other);
        await reader.Page.Keyboard.PressAsync("j");
        await Expect(reader.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(name);
        await reader.Page.Keyboard.PressAsync("k");
        await Expect(reader.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(other);
    }

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var (name, alert) = await RaiseAsync();
        using var client = Client();
        await client.Alerts.CommentAsync(name, alert.AlertId, Odd, Token);

        foreach (var path in (string[])["/inbox", $"/inbox?m={name}&id={alert.AlertId}", "/inbox?state=closed", "/inbox?state=mine"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }

        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/inbox?m={name}&id=not-there", 404);
        await EveryPage.HoldsAsync(browser, server.BaseAddress, "/inbox?after=what", 400);
    }

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    /// <summary>An open alert that is in the list.</summary>
    private async Task<(string Name, Alert Alert)> RaiseAsync()
    {
        using var client = Client();
        var name = $"inbox-{Guid.NewGuid():N}"[..20];
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes("age\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i}\n"))));
        var blob = await client.Blobs.UploadAsync(csv, Token);
        await client.Monitors.ConfigureAsync(name, new MonitorRules(blob.Digest, ["age"], 100, RaiseAfter: 1), Token);
        await WatchedTraffic.SendAsync(server.Services, name, 100, [false, false, true]);
        var alert = (await client.Monitors.GetAsync(name, Token)).OpenAlert!;
        await Eventually.Async(async () => await client.Alerts.ListAsync(AlertState.Open, Token).AnyAsync(a => a.AlertId == alert.AlertId, Token), cancellationToken: Token);
        return (name, alert);
    }
}
