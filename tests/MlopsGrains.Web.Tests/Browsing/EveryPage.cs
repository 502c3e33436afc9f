using Microsoft.Playwright;

namespace MlopsGrains.Web.Tests.Browsing;

/// <summary>What holds for every page.</summary>
internal static class EveryPage
{
    private static readonly (int Width, int Height)[] Sizes = [(1440, 900), (1280, 800), (390, 844)];

    /// <summary>Both themes without a fault of accessibility, no sideways scroll at three widths, no error, no other origin.</summary>
    public static async Task HoldsAsync(Browser browser, Uri server, string path, int status = 200, Func<Reader, Task>? prepare = null)
    {
        await using var reader = await browser.OpenAsync(server);
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
        foreach (var (width, height) in Sizes)
        {
            await reader.Page.SetViewportSizeAsync(width, height);
            Assert.False(await reader.ScrollsSidewaysAsync(), $"{path} scrolls sideways at {width}");
        }

        await reader.Page.SetViewportSizeAsync(Sizes[0].Width, Sizes[0].Height);
        await reader.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.Empty(await reader.AxeOfColoursAsync());
    }
}
