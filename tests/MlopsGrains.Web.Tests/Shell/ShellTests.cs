using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Shell;

public sealed class ShellTests(ServerFixture server, Browser browser)
{
    [Theory]
    [InlineData("/")]
    [InlineData("/experiments")]
    [InlineData("/experiments?view=deleted")]
    [InlineData("/experiments?q=nobody-has-this-name")]
    public async Task Page_IsAccessibleInBothThemes_AndStaysAtHome(string path)
    {
        using var client = Client.MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        await client.Runs.CreateAsync(new("0"), TestContext.Current.CancellationToken);

        await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
    }

    [Fact]
    public async Task EmptyInstallation_SaysHowToBegin_AndShowsTheFirstRunByItself()
    {
        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path);
        var address = new Uri(app.Urls.First());
        await EveryPage.HoldsAsync(browser, address, "/");
        await using var reader = await browser.OpenAsync(address);
        await reader.GoAsync("/");
        await Expect(reader.Page.GetByText($"MLFLOW_TRACKING_URI={address.ToString().TrimEnd('/')}")).ToBeVisibleAsync();
        await Expect(reader.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Copy", Exact = true })).ToHaveCountAsync(4);

        using var client = Client.MlopsGrainsClient.Create(new() { BaseAddress = address });
        await client.Runs.CreateAsync(new("0", "the-first"), TestContext.Current.CancellationToken);

        await Expect(reader.Page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "the-first" }).First).ToBeVisibleAsync();
        await reader.GoAsync("about:blank");
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Keys_Lead_AndNeverFireInFields()
    {
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/");

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("e");
        await page.WaitForURLAsync("**/experiments");
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("[data-find]")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("g?[");
        await Expect(page.Locator("[data-find]")).ToHaveValueAsync("g?[");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("[");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-side", "folded");
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-side", "folded");
        await page.Keyboard.PressAsync("?");
        await Expect(page.Locator("#keys")).ToBeVisibleAsync();
        Assert.Empty(await reader.AxeAsync());
        await page.Locator("[data-choice=letters]").UncheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("[");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-side", "folded");
    }

    [Fact]
    public async Task Theme_IsKept_AndComesWithThePage()
    {
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/");

        await reader.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Theme", Exact = true }).ClickAsync();
        await reader.GoAsync("/experiments");

        await Expect(reader.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.Empty(await reader.AxeAsync());
    }

    [Fact]
    public async Task Palette_FindsAnExperimentByPartOfItsName_ByKeysAlone()
    {
        var name = "palette-" + Guid.NewGuid().ToString("N");
        using var client = Client.MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var experiment = await client.Experiments.CreateAsync(new(name), TestContext.Current.CancellationToken);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/");

        await reader.Page.Keyboard.PressAsync("Control+k");
        await reader.Page.Keyboard.TypeAsync(name[8..20].ToUpperInvariant());
        await Expect(reader.Page.Locator("#found [aria-selected=true]")).ToContainTextAsync(name);
        Assert.Empty(await reader.AxeAsync());
        await reader.Page.Keyboard.PressAsync("Enter");

        await reader.Page.WaitForURLAsync($"**/experiments/{experiment.ExperimentId}/runs");
    }

    [Fact]
    public async Task ExperimentIsMade_Deleted_AndUndone()
    {
        var name = "made-<b>here</b>-" + Guid.NewGuid().ToString("N");
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/experiments");

        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "New experiment" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Create experiment" }).ClickAsync();
        await page.WaitForURLAsync("**/runs");
        await reader.GoAsync("/experiments");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Delete " + name }).ClickAsync();
        await Expect(page.Locator("#toasts")).ToContainTextAsync($"{name} is deleted");
        Assert.Empty(await reader.AxeAsync());
        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Undo" }).ClickAsync();

        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = name })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("/#/experiments/0", "/experiments/0/runs")]
    [InlineData("/#/experiments/7/runs/0123456789abcdef0123456789abcdef", "/runs/0123456789abcdef0123456789abcdef")]
    [InlineData("/#/experiments/7/runs/0123456789abcdef0123456789abcdef/artifacts/model", "/runs/0123456789abcdef0123456789abcdef")]
    [InlineData("/#/models/iris/versions/3", "/models/iris/3")]
    [InlineData("/#/compare-runs?runs=[\"a1\",\"b2\"]&experiments=[\"0\"]", "/compare?runs=a1%2Cb2")]
    public async Task LinkOfAnMlflowClient_LeadsOn(string printed, string to)
    {
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        reader.MayFail.Add(to.Split('?')[0]);

        await reader.GoAsync(printed);

        await reader.Page.WaitForURLAsync(new Uri(server.BaseAddress, to).ToString());
    }
}
