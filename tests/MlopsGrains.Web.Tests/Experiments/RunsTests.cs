using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Experiments;

public sealed class RunsTests(ServerFixture server, Browser browser)
{
    [Fact]
    public async Task Experiment_ThatIsNotThere_IsSaidSo_InBothThemes()
    {
        await EveryPage.HoldsAsync(browser, server.BaseAddress, "/experiments/987654321/runs", 404);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        reader.MayFail.Add("/experiments/987654321/runs");

        await reader.GoAsync("/experiments/987654321/runs");

        await Expect(reader.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Name = "There is no experiment" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Empty_SaysHowRunsGetHere()
    {
        using var client = Client.MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var experiment = await client.Experiments.CreateAsync(new($"empty-{Guid.NewGuid():N}"), TestContext.Current.CancellationToken);

        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/experiments/{experiment.ExperimentId}/runs");
    }
}
