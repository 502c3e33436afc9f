using Microsoft.Playwright;

namespace MlopsGrains.Web.Tests.Browsing;

/// <summary>What holds for every page.</summary>
internal static class EveryPage
{
    private static readonly (int Width, int Height)[] Sizes = [(1440, 900), (1280, 800), (390, 844)];

    /// <summary>Both themes without a fault of accessibility, no sideways scroll at three widths, no error, no other origin.</summary>
    public static async Task HoldsAsync(Browser browser, Uri server, string path, int status = 200, Func<Reader, Task>? prepare = null)
    {
        foreach (var theme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var reader = await browser.OpenAsync(server, theme);
            if (status >= 400)
            {
                reader.MayFail.Add(path);
            }

            if (prepare is not null)
            {
                await prepare(reader);
            }

            Assert.Equal(status, await reader.GoAsync(path));
            await reader.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            Assert.Empty(await reader.AxeAsync());
            foreach (var (width, height) in theme == ColorScheme.Light ? Sizes : [])
            {
                await reader.Page.SetViewportSizeAsync(width, height);
                Assert.False(await reader.ScrollsSidewaysAsync(), $"{path} scrolls sideways at {width}");
            }
        }
    }
}
