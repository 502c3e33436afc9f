using System.Globalization;
using System.Text;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Data;

/// <summary>Datasets: uploaded, profiled, read, compared.</summary>
public sealed class DatasetPagesTests(ServerFixture server, Browser browser)
{
    private const string OddText = "<img src=x onerror=alert(1)> \u202Ename\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var name = await TwoVersionsAsync();

        foreach (var path in (string[])["/datasets", $"/datasets/{name}", $"/datasets/{name}/1?col=nothing", $"/datasets/{name}/2/rows", $"/datasets/{name}/2/diff", $"/datasets/{name}/2/used-by"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }
    }

    [Theory]
    [InlineData("/datasets/not-there")]
    [InlineData("/datasets/not-there/1/rows")]
    [InlineData("/datasets/not-there/what")]
    public Task WhatIsNotThere_IsSaidSo(string path) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, 404);

    [Fact]
    public async Task ATable_IsUploaded_ProfiledAndRead()
    {
        var name = NewName();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/datasets");
        await page.Keyboard.PressAsync("u");
        await page.GetByLabel("Name").FillAsync("no/name");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload version" }).ClickAsync();
        await Expect(page.GetByText("name must be 1 to 128 letters")).ToBeVisibleAsync();
        await Expect(page.GetByText("Choose a file.")).ToBeVisibleAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Table").SetInputFilesAsync(new FilePayload { Name = "bad.csv", MimeType = "text/csv", Buffer = "a,b\n1\n"u8.ToArray() });
        reader.MayFail.Add("/versions");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload version" }).ClickAsync();
        await Expect(page.Locator("[data-fault]")).ToContainTextAsync("has 1 field; the header has 2");

        await page.GetByLabel("Table").SetInputFilesAsync(new FilePayload { Name = "people.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes($"age,town\n30,Bonn\n41,\"{OddText}\"\n,Bonn\n") });
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload version" }).ClickAsync();
        await page.WaitForURLAsync($"**/datasets/{name}/1");

        await Expect(page.Locator(".head .facts")).ToContainTextAsync("from people.csv");
        await Expect(page.Locator(".column").First).ToContainTextAsync("33 %");
        await Expect(page.Locator(".column").Nth(1)).ToContainTextAsync("Bonn");
        await page.Locator(".tabs").GetByText("Rows").ClickAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        await Expect(page.Locator("tbody")).ToContainTextAsync("<img src=x");
        Assert.Equal(0, await page.Locator("main img").CountAsync());
        await page.Locator("input[name=q]").FillAsync("bonn");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Status).First).ToContainTextAsync("2 that match");
        await page.ReloadAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task TwoVersions_AreCompared_TheMostDifferentColumnFirst()
    {
        var name = await TwoVersionsAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/datasets/{name}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Diff" }).ClickAsync();

        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("shifted");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("differs much");
        await Expect(page.Locator(".kv").First).ToContainTextAsync("extra");
        await page.GetByRole(AriaRole.Link, new() { Name = "v1" }).ClickAsync();
        await Expect(page.Locator("#against")).ToHaveValueAsync("2");
    }

    private async Task<string> TwoVersionsAsync()
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var name = NewName();
        await UploadAsync("same,shifted\n", i => $"{i % 7},{i}\n");
        await UploadAsync("same,shifted,extra\n", i => $"{i % 7},{i + 500},{OddText}\n");
        return name;

        async Task UploadAsync(string header, Func<int, FormattableString> row)
        {
            using var csv = new MemoryStream(Encoding.UTF8.GetBytes(header + string.Concat(Enumerable.Range(0, 300).Select(i => row(i).ToString(CultureInfo.InvariantCulture)))));
            await client.Datasets.UploadAsync(name, csv, OddText, OddText, Token);
        }
    }

    private static string NewName() => $"web-{Guid.NewGuid():N}"[..20];
}
