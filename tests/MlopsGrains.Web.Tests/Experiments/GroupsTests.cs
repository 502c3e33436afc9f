using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;
using MlopsGrains.Web.Experiments;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Experiments;

/// <summary>Repeated runs: their spread, and whether two configurations differ.</summary>
public sealed class GroupsTests(ServerFixture server, Browser browser)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoChosenGroups_AreJudgedInASentence_AndThePageIsAccessible()
    {
        var experiment = await MakeAsync();
        await using (var reader = await browser.OpenAsync(server.BaseAddress))
        {
            await reader.GoAsync($"/experiments/{experiment}/groups");
            await reader.Page.GetByRole(AriaRole.Checkbox, new() { Name = "lr 0.1" }).CheckAsync();
            await reader.Page.WaitForURLAsync("**g=**");
            await reader.Page.GetByRole(AriaRole.Checkbox, new() { Name = "lr 0.2" }).CheckAsync();
            await Expect(reader.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "group is" })).ToContainTextAsync("The second group is");
            var view = new Uri(reader.Page.Url).PathAndQuery;
            await EveryPage.HoldsAsync(browser, server.BaseAddress, view);
        }

        await EveryPage.HoldsAsync(browser, server.BaseAddress, $"/experiments/{experiment}/groups?q=params.lr = 'none'");
        await EveryPage.HoldsAsync(browser, server.BaseAddress, "/experiments/987654321/groups", 404);
    }

    [Theory]
    [InlineData("auc", 0.1, 0.05, 0.15, "The second group is better by 0.1 (0.05 – 0.15) in auc")]
    [InlineData("auc", -0.1, -0.15, -0.05, "The second group is worse by 0.1 (−0.15 – −0.05) in auc")]
    [InlineData("loss", -0.1, -0.15, -0.05, "The second group is better by 0.1 (−0.15 – −0.05) in loss")]
    [InlineData("auc", 0.1, -0.05, 0.25, "Unclear: the difference of auc is 0.1 (−0.05 – 0.25)")]
    public void Verdict_SaysBetter_OnlyWhereTheIntervalDoes(string metric, double difference, double low, double high, string sentence) =>
        Assert.Equal(sentence, GroupVerdict.Of(new RunMetricComparison(metric, difference, low, high, 0.02, 1, 0.02, 0.9), 10).Sentence);

    [Fact]
    public void Verdict_OfASingleRun_IsNotEnoughData() =>
        Assert.Equal("Not enough data", GroupVerdict.Of(new RunMetricComparison("auc", 0.1, null, null, null, null, 0.5, 1), 1).Sentence);

    [Fact]
    public void Forest_HoldsAllValues_WithRoundTicks()
    {
        var scale = ForestScale.Of([0.9, 0.915]);
        Assert.InRange(scale.At(0.9), 1, 20);
        Assert.InRange(scale.At(0.915), ForestScale.Width - 20, ForestScale.Width - 1);
        Assert.Equal([0.9, 0.905, 0.91, 0.915], scale.Ticks().Select(t => Math.Round(t, 6)));
        Assert.Equal(ForestScale.Width / 2.0, ForestScale.Of([3]).At(3));
        Assert.NotEmpty(ForestScale.Of([]).Ticks());
    }

    [Fact]
    public void Group_IsCalledByWhatDiffers()
    {
        RunGroup[] groups = [new("1", [new("lr", "1"), new("label", "x")], 2, []), new("2", [new("lr", "2"), new("label", "x"), new("l2", "0")], 2, [])];
        var varying = RowNames.Varying(groups);
        Assert.Equal(["lr 1", "lr 2, l2 0"], groups.Select(g => RowNames.Of(g, varying)));
        Assert.Equal("lr 1, label x", RowNames.Of(groups[0], RowNames.Varying(groups[..1])));
    }

    private async Task<string> MakeAsync()
    {
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var experiment = (await client.Experiments.CreateAsync(new($"groups-{Guid.NewGuid():N}"), Token)).ExperimentId;
        for (var n = 0; n < 6; n++)
        {
            var run = await client.Runs.CreateAsync(new NewRun(experiment, $"run-{n}"), Token);
            var value = (n % 2 * 0.1) + (n * 0.001) + 0.8;
            await client.Runs.LogBatchAsync(run.Info.RunId, new RunBatch(new MetricColumns(["auc"], [0], [value], [1_795_000_000_000], [1]), [new("lr", $"0.{(n % 2) + 1}"), new("seed", $"{n}")], []), Token);
        }

        return experiment;
    }
}
