using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Testing;
using MlopsGrains.Web.Identity;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Identity;

/// <summary>A server that asks who its readers are: two of them, with different rights.</summary>
public sealed class SignInTests(SignInTests.GuardedServer server, Browser browser) : IClassFixture<SignInTests.GuardedServer>
{
    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-in?with=key&return=/experiments")]
    public Task Page_IsAccessible_BeforeAnybodyIsSignedIn(string path) => EveryPage.HoldsAsync(browser, server.Address, path);

    [Fact]
    public async Task Reader_SignsIn_ComesBack_AndSignsOut()
    {
        await using var reader = await browser.OpenAsync(server.Address);
        var page = reader.Page;
        reader.MayFail.Add("/sign-in");

        await reader.GoAsync("/experiments?q=secret");
        Assert.Contains("/sign-in?return=", page.Url, StringComparison.Ordinal);
        await SignInAsync(page, "ben", "not the password");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The name, password or key is not right.");
        await Expect(page.GetByLabel("User name")).ToHaveValueAsync("ben");
        Assert.Empty(await reader.AxeAsync());
        await SignInAsync(page, "ben", GuardedServer.Password);
        await page.WaitForURLAsync("**/experiments?q=secret");
        await Expect(page.Locator(".user")).ToContainTextAsync("ben");

        await page.Locator(".user").ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/sign-in");
        await reader.GoAsync("/experiments");
        Assert.Contains("/sign-in?return=", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reader_ActsByTheSession_AndSeesOnlyWhatIsItsOwn()
    {
        await using var root = await browser.OpenAsync(server.Address);
        await root.GoAsync("/sign-in");
        await SignInAsync(root.Page, "root", GuardedServer.Password);
        await Expect(root.Page.Locator(".user")).ToBeVisibleAsync();
        await root.GoAsync("/experiments");
        await root.Page.GetByRole(AriaRole.Button, new() { Name = "New experiment" }).ClickAsync();
        await root.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("roots-own");
        await root.Page.GetByRole(AriaRole.Button, new() { Name = "Create experiment" }).ClickAsync();
        await root.Page.WaitForURLAsync("**/runs");
        var address = new Uri(root.Page.Url).AbsolutePath;

        await using var ben = await browser.OpenAsync(server.Address);
        ben.MayFail.Add(address);
        await ben.GoAsync("/sign-in");
        await SignInAsync(ben.Page, "ben", GuardedServer.Password);
        await Expect(ben.Page.Locator(".user")).ToBeVisibleAsync();
        await ben.GoAsync("/experiments");

        await Expect(ben.Page.GetByText("roots-own")).ToHaveCountAsync(0);
        Assert.Equal(404, await ben.GoAsync(address));
        await Expect(ben.Page.GetByRole(AriaRole.Heading, new() { Name = "There is no experiment" })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("/experiments?q=1", "/experiments?q=1")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/a\r\nSet-Cookie: x", "/")]
    [InlineData("/sign-in?return=/sign-in", "/")]
    [InlineData("", "/")]
    [InlineData(null, "/")]
    public void Return_LeadsNowhereElse(string? given, string to) => Assert.Equal(to, SignInRoutes.Local(given));

    internal static async Task SignInAsync(IPage page, string name, string password)
    {
        await page.GetByLabel("User name").FillAsync(name);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }

    public sealed class GuardedServer : IAsyncLifetime
    {
        public const string Password = "correct horse battery";

        private readonly TempDirectory directory = new();
        private WebApplication? app;

        public Uri Address => new(app!.Urls.First());

        public async ValueTask InitializeAsync()
        {
            app = await ServerFixture.StartAsync(directory.Path, builder =>
            {
                builder.Configuration["Authentication:Administrator:Name"] = "root";
                builder.Configuration["Authentication:Administrator:Password"] = Password;
                builder.Configuration["Authentication:DefaultPermission"] = "None";
            });
            using var client = MlopsGrainsClient.Create(new() { BaseAddress = Address, User = "root", Password = Password });
            await client.Users.CreateAsync("ben", Password);
        }

        public async ValueTask DisposeAsync()
        {
            await app!.StopAsync();
            await app.DisposeAsync();
            directory.Dispose();
        }
    }
}
