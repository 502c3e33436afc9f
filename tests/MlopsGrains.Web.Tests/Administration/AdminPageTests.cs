using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using MlopsGrains.Web.Tests.Identity;
using MlopsGrains.Webhooks;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Administration;

public sealed class AdminPageTests(SignInTests.GuardedServer guarded, ServerFixture open, Browser browser) : IClassFixture<SignInTests.GuardedServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AUser_IsMade_GivenALevel_TakenItBack_AndDeleted()
    {
        await using var reader = await browser.OpenAsync(guarded.Address);
        var page = reader.Page;
        await AsRootAsync(reader);
        await reader.GoAsync("/admin");
        await page.GetByRole(AriaRole.Button, new() { Name = "New user" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("<i>eva");
        await page.GetByLabel("Password").FillAsync(SignInTests.GuardedServer.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create user" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "<i>eva" }).ClickAsync();

        await page.Locator("select[name=kind]").SelectOptionAsync("experiments");
        await page.GetByPlaceholder("An experiment's id, or a name").FillAsync("0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give", Exact = true }).ClickAsync();
        await page.GetByLabel("Level on experiment '0'").SelectOptionAsync("edit");
        await Expect(page.Locator(".toast").Last).ToContainTextAsync("edit is given");
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = guarded.Address, User = "root", Password = SignInTests.GuardedServer.Password });
        Assert.Equal(MlopsGrains.Identity.PermissionLevel.Edit, Assert.Single((await client.Users.GetAsync("<i>eva", Token)).Permissions).Level);
        await page.GetByRole(AriaRole.Button, new() { Name = "Take back" }).ClickAsync();
        await Expect(page.GetByText("Nothing was given to this user")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete user" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Textbox).FillAsync("eva");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete user" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("This is not");
        await dialog.GetByRole(AriaRole.Textbox).FillAsync("<i>eva");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete user" }).ClickAsync();
        await page.WaitForURLAsync("**/admin/users");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "<i>eva" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task WhoIsNoAdministrator_IsRefused_AndNotLedThere()
    {
        await using var reader = await browser.OpenAsync(guarded.Address);
        reader.MayFail.Add("/admin");
        await reader.GoAsync("/sign-in");
        await SignInTests.SignInAsync(reader.Page, "ben", SignInTests.GuardedServer.Password);
        await Expect(reader.Page.Locator(".user")).ToContainTextAsync("ben");
        await Expect(reader.Page.GetByRole(AriaRole.Link, new() { Name = "Admin" })).ToHaveCountAsync(0);

        foreach (var path in (string[])["/admin/users/root", "/admin/storage", "/admin/webhooks"])
        {
            Assert.Equal(403, await reader.GoAsync(path));
        }
    }

    [Theory]
    [InlineData("/admin/users", 200)]
    [InlineData("/admin/users/ben", 200)]
    [InlineData("/admin/users/never%20made", 404)]
    public async Task UserPages_Hold(string path, int status) => await EveryPage.HoldsAsync(browser, guarded.Address, path, status, AsRootAsync);

    [Theory]
    [InlineData("/admin/users")]
    [InlineData("/admin/storage")]
    [InlineData("/admin/cluster")]
    public async Task OtherPages_Hold(string path) => await EveryPage.HoldsAsync(browser, open.BaseAddress, path);

    [Fact]
    public async Task AWebhook_IsShown_AndRetention_IsCounted()
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = open.BaseAddress });
        var webhook = await client.Webhooks.CreateAsync(new NewWebhook("hook", "https://example.com/hook", [new("REGISTERED_MODEL", "CREATED")]), Token);
        await EveryPage.HoldsAsync(browser, open.BaseAddress, "/admin/webhooks");

        await using var reader = await browser.OpenAsync(open.BaseAddress);
        await client.Webhooks.DeleteAsync(webhook.Id, Token);
        await reader.GoAsync("/admin/storage");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Count what would go" }).ClickAsync();
        await Expect(reader.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "would go" })).ToBeVisibleAsync();
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Remove for good" }).ClickAsync();
        await reader.Page.GetByLabel("Type remove").FillAsync("yes");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
        await Expect(reader.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
    }

    private static async Task AsRootAsync(Reader reader)
    {
        await reader.GoAsync("/sign-in");
        await SignInTests.SignInAsync(reader.Page, "root", SignInTests.GuardedServer.Password);
        await Expect(reader.Page.Locator(".user")).ToBeVisibleAsync();
    }
}
