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
        reader.MayFail.Add("/runs/search");
        reader.MayFail.Add("/runs/rows");
        await reader.GoAsync($"/experiments/{id}/runs");
        var (filter, names) = (page.GetByLabel("Filter runs"), page.Locator(RowNames));
        Task Shows(params string[] rows) => Expect(names).ToHaveTextAsync(rows);

        await filter.FillAsync("metrics.auc >= 0.5 AND params.trainer = 'b'");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("[data-count]")).ToHaveTextAsync("4 of 12");
        await Head(page, "auc").ClickAsync();
        await Shows("run-11", "run-9", "run-7", "run-5");
        await page.WaitForURLAsync("**sort=-metrics.auc**");
        await Head(page, "auc").ClickAsync();
        await Shows("run-5", "run-7", "run-9", "run-11");
        await page.ReloadAsync();
        await Shows("run-5", "run-7", "run-9", "run-11");
        await page.GoBackAsync();
        await Shows("run-11", "run-9", "run-7", "run-5");
        await Head(page, "trainer").ClickAsync(new() { Modifiers = [KeyboardModifier.Shift] });
        await Expect(page.Locator("th small")).ToHaveTextAsync(["1", "2"]);

        await filter.FillAsync("metrics.auc > NOT");
        await Expect(page.Locator(".hl .wrong")).ToHaveTextAsync("NOT");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Column 15.");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("still shows the last filter that held");
        await Expect(filter).ToHaveValueAsync("metrics.auc > NOT");
        await Shows("run-11", "run-9", "run-7", "run-5");
        await page.GetByLabel("Clear the filter").ClickAsync();
        await Expect(page.Locator("[data-count]")).ToHaveTextAsync("12");
    }

    [Fact]
    public async Task Filter_IsCompleted_WithKeysSignsAndValues()
    {
        using var client = Client();
        var id = await MakeAsync(client, 6);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        reader.MayFail.Add("/runs/search");
        await reader.GoAsync($"/experiments/{id}/runs");
        var (filter, list) = (page.GetByLabel("Filter runs"), page.GetByRole(AriaRole.Listbox, new() { Name = "Completions" }));

        await filter.PressSequentiallyAsync("tra");
        await Expect(list.GetByRole(AriaRole.Option)).ToContainTextAsync(["params.trainer"]);
        Assert.Empty(await reader.AxeAsync());
        await page.Keyboard.PressAsync("Tab");
        await Expect(list.GetByRole(AriaRole.Option).First).ToHaveTextAsync("=");
        await page.Keyboard.PressAsync("Tab");
        await Expect(list.GetByRole(AriaRole.Option)).ToContainTextAsync(["'a'", "'b'"]);
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await Expect(filter).ToHaveValueAsync("params.trainer = 'b' ");
        await page.Keyboard.PressAsync("Escape");
        await filter.FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("[data-count]")).ToHaveTextAsync("3 of 6");
    }

    [Fact]
    public async Task Cell_LeadsToAFilter_AndTheSearchToOtherTools_WhateverNamesHold()
    {
        using var client = Client();
        var id = await MakeAsync(client, 3);
        const string Odd = "<img src=x onerror=alert(1)> \u202Eabc\u200B it's";
        var run = await client.Runs.CreateAsync(new NewRun(id, Odd), Token);
        await client.Runs.LogBatchAsync(run.Info.RunId, new RunBatch(new MetricColumns([], [], [], [], []), [new("trainer", Odd)], []), Token);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs?side=0");

        await page.Locator($"tr[data-run='{run.Info.RunId}'] td[data-v]").First.ClickAsync(new() { Button = MouseButton.Right });
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Only this" }).ClickAsync();
        await Expect(page.Locator("[data-count]")).ToHaveTextAsync("1 of 4");
        await Expect(page.Locator(RowNames)).ToHaveAttributeAsync("title", Odd);
        await page.GetByRole(AriaRole.Button, new() { Name = "Export and copy" }).ClickAsync();
        Assert.Empty(await reader.AxeAsync());
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "mlops runs search …" }).ClickAsync();
        await Expect(page.Locator("#toasts")).ToContainTextAsync("Search copied");

        Assert.StartsWith($"mlops runs search -e {id} --filter 'params.trainer = ", await page.EvaluateAsync<string>("navigator.clipboard.readText()"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneRun_IsRegistered_AsAVersionOfAModel()
    {
        using var client = Client();
        var id = await MakeAsync(client, 2);
        var run = (await SearchAsync(client, id, "run_name = 'run-1'"))[0].Info.RunId;
        using var bytes = new MemoryStream([1, 2, 3]);
        await client.Runs.UploadArtifactAsync(run, "my-model/weights.bin", bytes, Token);
        var model = $"registered-{Guid.NewGuid():N}";
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs?side=0&sel={run[..8]}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Register" }).ClickAsync();
        await Expect(page.GetByLabel("Artifacts")).ToHaveValueAsync("my-model");
        await page.Locator("#register [name=name]").FillAsync(model);
        Assert.Empty(await reader.AxeAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Register version" }).ClickAsync();
        await Expect(page.Locator("#toasts a")).ToHaveAttributeAsync("href", $"/models/{model}/1");
    }

    [Fact]
    public async Task LongTable_HoldsOnlyWhatIsSeen_AndSelectsAsTheAddressSays()
    {
        using var client = Client();
        var id = await MakeAsync(client, 230);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        var chosen = (await SearchAsync(client, id, "run_name = 'run-228'"))[0].Info.RunId;
        await reader.GoAsync($"/experiments/{id}/runs?sort=metrics.auc&sel={chosen[..8]}");
        await Expect(page.Locator("[data-selected]")).ToHaveTextAsync("1 selected");

        await page.EvaluateAsync("document.querySelector('[data-table]').scrollTop = 1e6");
        await Expect(page.Locator(RowNames).Last).ToHaveTextAsync("run-229");
        await Expect(page.Locator($"tr[data-run='{chosen}']")).ToHaveAttributeAsync("aria-selected", "true");
        Assert.InRange(await page.Locator("tr[data-run]").CountAsync(), 30, 150);
        await page.GetByLabel("Select all rows shown").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Select all 230 that match" }).ClickAsync();
        await Expect(page.Locator("[data-selected]")).ToHaveTextAsync("230 selected");
        await page.GetByRole(AriaRole.Button, new() { Name = "Tag", Exact = true }).ClickAsync();
        await page.GetByLabel("Key", new() { Exact = true }).FillAsync("seen");
        await page.GetByLabel("Value", new() { Exact = true }).FillAsync("yes");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#toasts")).ToContainTextAsync("230 runs tagged", new() { Timeout = 20_000 });

        Assert.Equal(230, (await client.Runs.FindAsync(new RunQuery([id], "tags.seen = 'yes'", LifecycleView.ActiveOnly, [], 1, null, Total: true), Token)).Total);
    }

    [Fact]
    public async Task Columns_AreChosenAmongAll_AndKeptForTheNextVisit()
    {
        using var client = Client();
        var id = await MakeAsync(client, 3);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs");
        await Expect(page.Locator("th[data-column='params.seed']")).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Columns" }).ClickAsync();
        await page.GetByLabel("Find a column").FillAsync("see");
        await page.GetByLabel("seed").CheckAsync();
        await Expect(page.Locator("th[data-column='params.seed']")).ToBeVisibleAsync();
        Assert.Contains("cols=", page.Url, StringComparison.Ordinal);
        Assert.Empty(await reader.AxeAsync());
        await reader.GoAsync($"/experiments/{id}/runs");

        await Expect(page.Locator("th[data-column='params.seed']")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Baseline_StaysOnTop_AndTheOthersTellTheirDifference()
    {
        using var client = Client();
        var id = await MakeAsync(client, 4);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs?sort=-metrics.auc");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await Expect(page.Locator("tr.at")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("b");

        await Expect(page.Locator("[data-pinned] .badge")).ToHaveTextAsync("baseline");
        await Expect(page.Locator("tbody[data-from] .dl")).ToHaveTextAsync(["+.10", "·", "−.10", "−.20"]);
        await Expect(page.Locator("tbody[data-from] .dl.ok")).ToHaveCountAsync(1);
        await Expect(page.Locator("tbody[data-from] .best")).ToHaveTextAsync("0.30");
        Assert.Empty(await reader.AxeAsync());
    }

    [Fact]
    public async Task Charts_StandBesideTheTable_AndFollowTheSelection()
    {
        using var client = Client();
        var id = await MakeAsync(client, 40);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/experiments/{id}/runs?sort=-metrics.auc");
        var charts = page.GetByLabel("Charts of the runs");

        await Expect(charts.GetByRole(AriaRole.Heading, new() { Name = "What moves auc" })).ToBeVisibleAsync();
        await Expect(charts.Locator(".imp dt")).ToHaveTextAsync(["depth", "trainer"]);
        await Expect(charts.Locator(".imp .way").First).ToHaveTextAsync("rises");
        await Expect(charts.Locator("[data-scatter-panel] canvas")).ToHaveAttributeAsync("aria-label", "auc over depth of 40 runs");
        await page.GetByLabel("Select run-39").CheckAsync();
        await Expect(charts.GetByRole(AriaRole.Img, new() { Name = "auc of 1 run by step" })).ToBeVisibleAsync();
        Assert.Empty(await reader.AxeAsync());
        await page.GetByLabel("Table only").ClickAsync();
        await Expect(charts).ToBeHiddenAsync();
        Assert.Contains("side=0", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();

        await Expect(charts).ToBeHiddenAsync();
        await Expect(page.Locator("[data-selected]")).ToHaveTextAsync("1 selected");
    }

    [Fact]
    public async Task WhatMatches_IsExported_Whole()
    {
        using var client = Client();
        var id = await MakeAsync(client, 3);
        var csv = await server.Http.GetStringAsync($"/experiments/{id}/runs/export?format=csv&q=metrics.auc%20%3E%200&sort=metrics.auc&cols=metrics.auc,params.trainer", Token);
        var json = System.Text.Json.JsonDocument.Parse(await server.Http.GetStringAsync($"/experiments/{id}/runs/export?format=json", Token)).RootElement;

        Assert.Equal(["run_id,run_name,status,metrics.auc,params.trainer", "run-1,RUNNING,0.1,b", "run-2,RUNNING,0.2,a"], csv.TrimEnd().Split("\r\n").Select((line, i) => i == 0 ? line : line[33..]));
        Assert.Equal((3, 0.2, "42"), (json.GetArrayLength(), json[0].GetProperty("metrics.auc").GetDouble(), json[0].GetProperty("params.seed").GetString()));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await server.Http.GetAsync($"/experiments/{id}/runs/export?q=x", Token)).StatusCode);
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("-1.5", "-1.5")]
    [InlineData("a,\"b\"", "\"a,\"\"b\"\"\"")]
    [InlineData(null, "")]
    public void ExportedCell_IsQuoted_AndNoFormula(string? cell, string line) => Assert.Equal(line, RunsExport.Line([cell]));

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

        await Expect(page.Locator("tr[data-run]")).ToHaveCountAsync(3);
        Assert.Equal(3, (await SearchAsync(client, id)).Count);
    }

    [Fact]
    public async Task NewRun_WaitsBehindAButton_AndWhatIsShownChangesInPlace()
    {
        using var client = Client();
        var id = await MakeAsync(client, 1);
        var old = (await SearchAsync(client, id))[0].Info.RunId;
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync($"/experiments/{id}/runs");
        await Expect(reader.Page.Locator("[data-live]")).ToHaveTextAsync("live");

        await client.Runs.CreateAsync(new NewRun(id, "late"), Token);
        await client.Runs.UpdateAsync(old, new RunUpdate(RunStatus.Finished), Token);

        await Expect(reader.Page.Locator($"tr[data-run='{old}'] .st")).ToHaveTextAsync("succeeded");
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "1 new run" }).ClickAsync();
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

    [Theory]
    [InlineData("-metrics.auc,start_time", "params.lr", true, "-metrics.auc,start_time,params.lr")]
    [InlineData("-metrics.auc,start_time", "metrics.auc", true, "metrics.auc,start_time")]
    [InlineData("-metrics.auc,start_time", "metrics.auc", false, "metrics.auc")]
    [InlineData("", "run_name", false, "run_name")]
    public void Sorts_GrowByShiftClick(string from, string field, bool more, string to) => Assert.Equal(to, RunSorts.Read(from).Click(field, more).Write());

    [Fact]
    public void Columns_AreMetricsOfMostRuns_AndParamsThatDiffer()
    {
        TextKey Text(string key, long runs, long values) => new(key, runs, values, null, null, []);
        var keys = new RunKeys(9, [new("system/cpu", 9, 0, 1, 1), new("auc", 9, 0, 1, 1), new("loss", 3, 0, 1, 1)], [Text("lr", 9, 3), Text("same", 9, 1), Text("some", 4, 1)], [], true);

        Assert.Equal("age,duration,metrics.auc,metrics.loss,params.lr,params.some", RunColumns.Write(RunColumns.Propose(keys, RunSorts.Usual)));
        Assert.Equal("age,duration,metrics.loss,metrics.auc,params.lr,params.some", RunColumns.Write(RunColumns.Propose(keys, RunSorts.Read("metrics.loss"))));
        Assert.Equal("age,metrics.a b,tags.x.y", RunColumns.Write(RunColumns.Read("age,metrics.a b,nonsense,params.,tags.x.y,age")!));
        Assert.Null(RunColumns.Read("nonsense"));
    }

    [Fact]
    public void Scale_GoesThroughAnAddress_AndNothingElseDoes()
    {
        IReadOnlyList<RunScale> scales = [new(4, 0.1, 0.9, true), RunScale.Text];

        Assert.Equal(scales, RunScale.Read(RunScale.Write(scales), 2));
        Assert.Null(RunScale.Read(RunScale.Write(scales), 3));
        Assert.Null(RunScale.Read("9~~~1", 1));
        Assert.Null(RunScale.Read("x", 1));
        Assert.Equal((0, 10, 20, null), (scales[0].Bar(0.1), scales[0].Bar(0.5), scales[0].Bar(0.95), scales[1].Bar(1)));
        Assert.Equal((true, false, true), (scales[0].IsBest(0.9, false), scales[0].IsBest(0.9, true), scales[0].IsBest(0.1, true)));
    }

    private const string RowNames = "tbody[data-from] tr[data-run] td:nth-child(3) a";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    private static ILocator Head(IPage page, string title) => page.Locator("th").GetByRole(AriaRole.Link, new() { Name = title });

    private static async Task<IReadOnlyList<Run>> SearchAsync(MlopsGrainsClient client, string id, string? filter = null) =>
        (await client.Runs.SearchPageAsync(new RunQuery([id], filter, LifecycleView.ActiveOnly, [], 10, null), Token)).Items;

    /// <summary>An experiment with runs whose metric rises with their number, of two trainers in turn.</summary>
    private static async Task<string> MakeAsync(MlopsGrainsClient client, int runs)
    {
        var experiment = await client.Experiments.CreateAsync(new($"runs-{Guid.NewGuid():N}"), Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), Token, async (n, _) =>
        {
            var run = await client.Runs.CreateAsync(new NewRun(experiment.ExperimentId, $"run-{n}", StartTime: 1_795_000_000_000 + n), Token);
            await client.Runs.LogBatchAsync(run.Info.RunId, new RunBatch(new MetricColumns(["auc"], [0], [n / 10.0], [1_795_000_000_000], [1]), [new("trainer", n % 2 == 0 ? "a" : "b"), new("seed", "42"), .. runs >= 40 ? (Tag[])[new("depth", $"{n / 4}")] : []], []), Token);
        });

        return experiment.ExperimentId;
    }
}
