using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Governance;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Governance;

public sealed class AuditPageTests(ServerFixture server, Browser browser)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnEventsStory_IsFound_Opened_AndRecomputedInTheBrowser()
    {
        var model = await ModelAsync("<b>ärger</b>");
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/audit");

        await reader.Page.GetByRole(AriaRole.Textbox, new() { Name = "Subject" }).FillAsync($"model/{model}");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Find", Exact = true }).ClickAsync();
        var row = reader.Page.Locator("tbody tr").First;
        await Expect(row).ToContainTextAsync("model-tag.set");
        await Expect(reader.Page.Locator("tbody tr")).ToHaveCountAsync(2);
        await row.GetByRole(AriaRole.Link).First.ClickAsync();

        await Expect(reader.Page.Locator("[data-recompute]")).ToContainTextAsync(" matches");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "Verify now" }).ClickAsync();
        await Expect(reader.Page.Locator("[data-verified]")).ToContainTextAsync("the chain holds");
        await reader.Page.GoBackAsync();
        await Expect(reader.Page.Locator("[data-recompute]")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Holds_Open_Filtered_AndEmpty()
    {
        var model = await ModelAsync("v");
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var newest = await client.Audit.SearchAsync(new AuditQuery(Subject: $"model/{model}"), Token).FirstAsync(Token);

        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/audit?subject=model%2F{model}&seq={newest.Sequence}");
        await EveryPage.HoldsAsync(browser, server.BaseAddress, "/audit?action=nothing.ever&from=2026-11-01");
    }

    [Fact]
    public async Task AWrongToken_IsSaidAsTheApiSaysIt() => await EveryPage.HoldsAsync(browser, server.BaseAddress, "/audit?before=never", 400);

    /// <summary>A model with a tag: two events.</summary>
    private async Task<string> ModelAsync(string tag)
    {
        var name = $"audited-{Guid.NewGuid():N}";
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        await client.Models.CreateAsync(name, cancellationToken: Token);
        await client.Models.SetTagAsync(name, "note", tag, cancellationToken: Token);
        return name;
    }
}
