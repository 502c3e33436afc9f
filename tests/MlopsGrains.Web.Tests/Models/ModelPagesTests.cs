using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Models;
using MlopsGrains.Testing;
using MlopsGrains.Web.Models;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Models;

/// <summary>Registered models and their versions.</summary>
public sealed class ModelPagesTests(ServerFixture server, Browser browser)
{
    private const string OddText = "<img src=x onerror=alert(1)> \u202Ename\u200B";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var name = await TwoVersionsAsync();

        foreach (var path in (string[])["/models", $"/models/{name}", $"/models/{name}/2?against=1", $"/models/{name}/latest/signature", $"/models/{name}/2/about", "/lineage", $"/lineage?of=models/{Uri.EscapeDataString(name)}/2"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }
    }

    [Theory]
    [InlineData("/models/not-there")]
    [InlineData("/models/not-there/1")]
    [InlineData("/lineage?of=models/not-there/1")]
    public Task WhatIsNotThere_IsSaidSo(string path) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, 404);

    [Fact]
    public async Task AnAlias_MovesAndIsMovedBack_AndTheStageToo()
    {
        var name = await TwoVersionsAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("m");
        await page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "v2", Exact = true }).ClickAsync();
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("+0.0500");

        await page.GetByRole(AriaRole.Button, new() { Name = "Set alias" }).ClickAsync();
        await page.GetByLabel("Alias", new() { Exact = true }).FillAsync("champion");
        await Expect(page.Locator("[data-alias-says]")).ToHaveTextAsync("champion moves from version 1 to version 2.");
        await page.Locator("#set-alias [type=submit]").ClickAsync();
        await Expect(page.Locator(".head .badge").First).ToHaveTextAsync("champion");
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(page.Locator(".head .badge")).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Set stage" }).ClickAsync();
        await page.GetByLabel("Stage", new() { Exact = true }).SelectOptionAsync("staging");
        await page.Locator("#set-stage [type=submit]").ClickAsync();
        await Expect(page.Locator(".head .badge")).ToHaveTextAsync("Staging");
        using var client = Client();
        Assert.Equal((1, ModelStage.Staging), ((await client.Models.GetAsync(name, Token)).Aliases["champion"], (await client.Models.GetVersionAsync(name, "2", Token)).Stage));
    }

    [Fact]
    public async Task TagsAndDescription_AreEditedInPlace_AndAVersionIsDeleted()
    {
        var name = await TwoVersionsAsync();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/models/{name}/1/about");
        await page.GetByLabel("Tag key").FillAsync("team/one");
        await page.GetByLabel("Tag value").FillAsync(OddText);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add tag" }).ClickAsync();
        await page.GetByLabel("Description").FillAsync("the first");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save description" }).ClickAsync();
        await Expect(page.GetByText("Saved the notes")).ToBeVisibleAsync();
        using var client = Client();
        var kept = await client.Models.GetVersionAsync(name, "1", Token);
        Assert.Equal(("the first", OddText), (kept.Description, kept.Tags["team/one"]));
        Assert.Equal(0, await page.Locator("main img").CountAsync());

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete version" }).First.ClickAsync();
        await page.Locator("#delete-version [type=submit]").ClickAsync();
        await page.WaitForURLAsync($"**/models/{Uri.EscapeDataString(name)}");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete model" }).First.ClickAsync();
        await page.Locator("#delete-model [type=submit]").ClickAsync();
        await Expect(page.Locator("#delete-model [data-fault]")).ToHaveTextAsync($"Type {name} to delete it.");
    }

    [Theory]
    [InlineData("""{"framework":".NET 10","os":"Debian"}""", ".NET 10, Debian")]
    [InlineData("{half", "{half")]
    [InlineData("python 3.12", "python 3.12")]
    [InlineData(null, null)]
    public void Environment_IsReadAsItWasRecorded(string? recorded, string? shown) => Assert.Equal(shown, ModelLook.Environment(recorded));

    [Theory]
    [InlineData("auc", 0.1, true)]
    [InlineData("log_loss", 0.1, false)]
    [InlineData("log_loss", -0.1, true)]
    [InlineData("auc", 0, null)]
    [InlineData("auc", double.NaN, null)]
    public void Difference_IsBetterInTheMetricsDirection(string metric, double difference, bool? better) => Assert.Equal(better, ModelLook.IsBetter(metric, difference));

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    /// <summary>A model whose first version is champion.</summary>
    private async Task<string> TwoVersionsAsync()
    {
        using var client = Client();
        var name = $"web {Guid.NewGuid():N}"[..20];
        var blob = await client.Blobs.UploadAsync(new MemoryStream([1, 2, 3]), Token);
        for (var i = 0; i < 2; i++)
        {
            await client.Models.AddVersionAsync(
                name,
                new NewModelVersion(
                    "mlnet", blob, new ModelSignature([new TensorSpec("x", "FP32", [-1, 1])], [new TensorSpec("score", "FP32", [-1, 1])], ["no", OddText]),
                    new ModelLineage(Dataset: "people", DatasetVersion: i + 1, CodeVersion: OddText, Seed: 7),
                    new Dictionary<string, double> { ["auc"] = 0.9 + (i * 0.05), ["log_loss"] = 0.2 }, OddText, Tags: new Dictionary<string, string> { ["round"] = "one" }),
                Token);
        }

        await client.Models.SetAliasAsync(name, "champion", 1, Token);
        return name;
    }
}
