using Microsoft.Playwright;
using MlopsGrains.Web.Tests.Browsing;

[assembly: AssemblyFixture(typeof(Browser))]

namespace MlopsGrains.Web.Tests.Browsing;

/// <summary>The one Chromium of the test run.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? playwright;
    private IBrowser? chromium;

    public async ValueTask InitializeAsync()
    {
        var program = Environment.GetEnvironmentVariable("MLOPS_TEST_CHROMIUM") ?? Places.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("these tests need a Chromium and found none: install it (package `chromium`), or name one in MLOPS_TEST_CHROMIUM");
        playwright = await Playwright.CreateAsync();
        chromium = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [] });
    }

    public async ValueTask DisposeAsync()
    {
        if (chromium is not null)
        {
            await chromium.DisposeAsync();
        }

        playwright?.Dispose();
    }

    /// <summary>A reader with cookies of its own, at 1440 × 900.</summary>
    public async Task<Reader> OpenAsync(Uri server, ColorScheme theme = ColorScheme.Light, int width = 1440, int height = 900)
    {
        var context = await chromium!.NewContextAsync(new()
        {
            BaseURL = server.ToString(), ColorScheme = theme, ViewportSize = new() { Width = width, Height = height }, ReducedMotion = ReducedMotion.Reduce, Permissions = ["clipboard-read", "clipboard-write"],
        });
        return await Reader.OpenAsync(context, server);
    }
}
