using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;
using MlopsGrains.Web.Experiments;
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

        await Expect(reader.Page.GetByRole(AriaRole.Heading, new() { Name = "There is no experiment" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Empty_SaysHowRunsGetHere()
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var experiment = await client.Experiments.CreateAsync(new($"empty-{Guid.NewGuid():N}"), TestContext.Current.CancellationToken);

        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/experiments/{experiment.ExperimentId}/runs");
    }

    [Theory]
    [InlineData("")]
    [InlineData("?sort=-metrics.auc")]
    [InlineData("?q=metrics.auc%20%3E%200.999")]
    [InlineData("?q=metrics.auc%20%3E%20NOT")]
    [InlineData("?view=deleted")]
    public async Task Page_IsAccessibleInBothThemes(string view)
    {
        using var client = Client();
        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/experiments/{await MakeAsync(client, 12)}/runs{view}");
    }

    [Fact]
    public async Task Table_IsFilteredAndSorted_ByTheApisOwnGrammar_AndTheViewIsALink()
    {
        using var client = Client();
        var id = await MakeAsync(client, 12);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs");
        var rows = page.Locator("tbody tr");

        await page.GetByLabel("Filter runs").FillAsync("metrics.auc >= 0.5 AND params.trainer = 'b'");
        await page.Keyboard.PressAsync("Enter");
        await Expect(rows).ToHaveCountAsync(4);
        await page.GetByRole(AriaRole.Link, new() { Name = "auc", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**sort=-metrics.auc**");
        Assert.Equal(["run-11", "run-9", "run-7", "run-5"], await Names(page));
        await page.GetByRole(AriaRole.Link, new() { Name = "auc", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**sort=metrics.auc**");
        Assert.Equal(["run-5", "run-7", "run-9", "run-11"], await Names(page));
        await page.ReloadAsync();
        Assert.Equal(["run-5", "run-7", "run-9", "run-11"], await Names(page));
        await page.GoBackAsync();
        Assert.Equal(["run-11", "run-9", "run-7", "run-5"], await Names(page));

        await page.GetByLabel("Filter runs").FillAsync("metrics.auc > NOT");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("at position 15");
        await Expect(page.GetByLabel("Filter runs")).ToHaveValueAsync("metrics.auc > NOT");
    }

    [Fact]
    public async Task Selected_AreDeleted_AndUndone_ByKeysToo()
    {
        using var client = Client();
        var id = await MakeAsync(client, 3);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs");

        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("x");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("x");
        await Expect(page.Locator("[data-selected]")).ToHaveTextAsync("2 selected");
        Assert.Empty(await reader.AxeAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(page.Locator("#toasts")).ToContainTextAsync("2 runs deleted");
        Assert.Single(await SearchAsync(client, id));
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();

        await Expect(page.Locator("tbody tr:visible")).ToHaveCountAsync(3);
        Assert.Equal(3, (await SearchAsync(client, id)).Count);
    }

    [Fact]
    public async Task NewRun_WaitsBehindAButton()
    {
        using var client = Client();
        var id = await MakeAsync(client, 1);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/experiments/{id}/runs");
        await Expect(reader.Page.Locator("[data-live]")).ToHaveTextAsync("live");

        await client.Runs.CreateAsync(new NewRun(id, "late"), Token);

        await reader.Page.GetByRole(AriaRole.Link, new() { Name = "1 new run" }).ClickAsync();
        await Expect(reader.Page.GetByRole(AriaRole.Link, new() { Name = "late" })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(null, "start_time DESC")]
    [InlineData("-metrics.val_auc", "metrics.`val_auc` DESC")]
    [InlineData("params.a b.c", "params.`a b.c` ASC")]
    [InlineData("-", "start_time DESC")]
    public void Sort_IsReadFromTheAddress(string? text, string order) => Assert.Equal(order, RunSort.Read(text).OrderBy());

    [Theory]
    [InlineData("metrics.val_auc", "-metrics.val_auc")]
    [InlineData("metrics.val_loss", "metrics.val_loss")]
    [InlineData("params.lr", "params.lr")]
    [InlineData("start_time", "start_time")]
    public void Click_AsksForTheBetterEndFirst(string field, string sort) => Assert.Equal(sort, RunSort.Usual.Click(field).Write());

    [Fact]
    public void Columns_AreMetricsOfMostRuns_AndParamsThatDiffer()
    {
        Run Of(string id, IReadOnlyList<string> metrics, params (string, string)[] pairs) => new(
            new(id, "1", id, "", RunStatus.Finished, 0, 1, "", LifecycleStage.Active), [.. metrics.Select(m => new Metric(m, 1, 0, 0))], [.. pairs.Select(p => new Tag(p.Item1, p.Item2))], [], [], [], []);

        var columns = RunColumns.Of([Of("a", ["auc", "system/cpu"], ("lr", "1"), ("same", "x")), Of("b", ["auc", "loss"], ("lr", "2"), ("same", "x"), ("some", "y"))], RunSort.Usual);

        Assert.Equal(["auc", "loss"], columns.Metrics);
        Assert.Equal(["lr", "some"], columns.Params);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    private static async Task<IReadOnlyList<string>> Names(IPage page) => await page.Locator("tbody tr td:nth-child(2) a").AllInnerTextsAsync();

    private static async Task<IReadOnlyList<Run>> SearchAsync(MlopsGrainsClient client, string id) => (await client.Runs.SearchPageAsync(new RunQuery([id], null, LifecycleView.ActiveOnly, [], 10, null), Token)).Items;

    /// <summary>An experiment with runs whose metric rises with their number, of two trainers in turn.</summary>
    private static async Task<string> MakeAsync(MlopsGrainsClient client, int runs)
    {
        var experiment = await client.Experiments.CreateAsync(new($"runs-{Guid.NewGuid():N}"), Token);
        for (var n = 0; n < runs; n++)
        {
            var run = await client.Runs.CreateAsync(new NewRun(experiment.ExperimentId, $"run-{n}", StartTime: 1_795_000_000_000 + n), Token);
            await client.Runs.LogBatchAsync(run.Info.RunId, new RunBatch(new MetricColumns(["auc"], [0], [n / 10.0], [1_795_000_000_000], [1]), [new("trainer", n % 2 == 0 ? "a" : "b"), new("seed", "42")], []), Token);
        }

        return experiment.ExperimentId;
    }
}
