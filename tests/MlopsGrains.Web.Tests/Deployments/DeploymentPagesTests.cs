using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using MlopsGrains.Client;
using MlopsGrains.Deployments;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Models;
using MlopsGrains.Testing;
using MlopsGrains.Web.Deployments;
using MlopsGrains.Web.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace MlopsGrains.Web.Tests.Deployments;

/// <summary>A deployment of a small model, its split, and rows that are scored from the page.</summary>
public sealed class DeploymentPagesTests(ServerFixture server, Browser browser)
{
    private static readonly Lazy<(byte[] File, ModelSignature Signature)> Iris = new(() => TinyModels.Iris());
    private static readonly DateTimeOffset At = new(2026, 11, 28, 14, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreAccessibleInBothThemes()
    {
        var name = await DeployedAsync(revisions: 2);
        using var client = Client();
        await client.Deployments.SetTrafficAsync(name, [new(1, 75), new(2, 25)], Token);
        await ScoreAsync(client, name, "1");
        await ScoreAsync(client, name, "2");
        await Eventually.Async(async () => (await client.Deployments.MetricsAsync(name, cancellationToken: Token)).Revisions.Count == 2, cancellationToken: Token);

        foreach (var path in (string[])["/deployments", $"/deployments/{name}", $"/deployments/{name}?t=7d", $"/deployments/{name}/traffic", $"/deployments/{name}/revisions", $"/deployments/{name}/events"])
        {
            await EveryPage.HoldsAsync(browser, server.BaseAddress, path);
        }
    }

    [Theory]
    [InlineData("/deployments/not-there", 404)]
    [InlineData("/deployments/not-there/traffic", 404)]
    [InlineData("/deployments?after=what", 400)]
    public Task WhatIsNotThere_IsSaidSo(string path, int status) => EveryPage.HoldsAsync(browser, server.BaseAddress, path, status);

    [Fact]
    public async Task ARow_IsTried_WithFaultsAtItsFields_AndWrittenForPrograms()
    {
        var name = await DeployedAsync(revisions: 1);
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync("/");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("r");
        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();

        await page.GetByLabel("sepal_length_cm").FillAsync("4o");
        await page.GetByRole(AriaRole.Button, new() { Name = "Predict" }).ClickAsync();
        await Expect(page.GetByText("“4o” is not a number; leave it empty for a missing value.")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("sepal_length_cm")).ToBeFocusedAsync();
        foreach (var (input, value) in ((string, string)[])[("sepal_length_cm", "5.1"), ("sepal_width_cm", "3.5"), ("petal_length_cm", "1.4"), ("petal_width_cm", "0.2")])
        {
            await page.GetByLabel(input).FillAsync(value);
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Predict" }).ClickAsync();
        var answer = page.Locator("[data-answer]");
        await Expect(answer).ToContainTextAsync("setosa");
        await Expect(answer).ToContainTextAsync("model version 1");
        await page.GetByRole(AriaRole.Button, new() { Name = "curl" }).ClickAsync();
        var code = page.Locator("[data-code] pre");
        await Expect(code).ToContainTextAsync($"/v2/models/{name}/infer");
        await Expect(code).ToContainTextAsync("\"data\":[5.1]");
        await page.GetByRole(AriaRole.Button, new() { Name = "C#" }).ClickAsync();
        await Expect(code).ToContainTextAsync("Columns.Of(\"sepal_length_cm\", 5.1f)");
        await page.GetByRole(AriaRole.Button, new() { Name = "JSON" }).ClickAsync();
        using var body = JsonDocument.Parse(await code.InnerTextAsync());
        Assert.Equal(4, body.RootElement.GetProperty("inputs").GetArrayLength());
    }

    [Fact]
    public async Task TheSplit_AddsUpTo100_IsApplied_AndRolledBack()
    {
        var name = await DeployedAsync(revisions: 2);
        using var client = Client();
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        var page = reader.Page;
        await reader.GoAsync($"/deployments/{name}/traffic");

        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Apply split" })).ToBeDisabledAsync();
        await page.GetByLabel("Percent of revision 1").FillAsync("many");
        await Expect(page.GetByText("Percent of revision 1 must be a whole number of 0 to 100, not 'many'.")).ToBeVisibleAsync();
        await page.GetByLabel("Percent of revision 1").FillAsync("30");
        await Expect(page.GetByLabel("Percent of revision 2")).ToHaveValueAsync("70");
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply split" }).ClickAsync();
        await Expect(page.Locator(".head")).ToContainTextAsync("revision 2, 70 %");
        Assert.Equal([new TrafficShare(1, 30), new TrafficShare(2, 70)], (await client.Deployments.GetAsync(name, Token)).Traffic);

        await page.GetByRole(AriaRole.Button, new() { Name = "Roll back to 1" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Roll back to 1" }).ClickAsync();
        await Expect(page.Locator(".head")).ToContainTextAsync("revision 1, 100 %");
        await page.GetByRole(AriaRole.Link, new() { Name = "Revisions" }).ClickAsync();
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("rolled back");
        await page.GetByRole(AriaRole.Link, new() { Name = "Events" }).ClickAsync();
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("deployment.rolled-back");
    }

    [Theory]
    [InlineData("{ 1: 100, 2: 0 }", 2, 25, "1:75 2:25")]
    [InlineData("{ 1: 0, 2: 100 }", 2, 40, "1:60 2:40")]
    [InlineData("{ 1: 33, 2: 33, 3: 34 }", 3, 0, "1:50 2:50 3:0")]
    [InlineData("{ 1: 50, 2: 25, 3: 25 }", 1, 51, "1:51 2:25 3:24")]
    [InlineData("{ 1: 20, 2: 80 }", 1, 700, "1:100 2:0")]
    [InlineData("{ 1: 100 }", 1, 10, "1:100")]
    public async Task Sliders_ShareWhatIsLeft(string percents, int changed, int to, string expected)
    {
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/deployments");
        var module = MlopsGrains.Web.Assets.WebAssets.Url("deployment.js");

        var shares = await reader.Page.EvaluateAsync<string>($"import('{module}').then(m => Object.entries(m.share({percents}, {changed.ToString(CultureInfo.InvariantCulture)}, {to.ToString(CultureInfo.InvariantCulture)})).map(e => e.join(':')).sort().join(' '))");

        Assert.Equal(expected, shares);
    }

    [Fact]
    public void Revisions_AreServing_Retired_OrRolledBack()
    {
        var deployment = new Deployment("d", [.. Enumerable.Range(1, 12).Select(i => new DeploymentRevision(i, "m", i, "digest", At, "ada"))], [new(2, 40), new(3, 60)], At, At);

        Assert.Equal(["retired", "serving in part", "serving in part", "rolled back"], ((int[])[1, 2, 3, 4]).Select(r => DeploymentLook.Of(deployment, r).Word));
        Assert.Equal([12, 11, 10, 9, 8, 7, 3, 2], DeploymentLook.Offered(deployment, 8).Select(r => r.Number));
        Assert.Equal(2, DeploymentLook.RollbackTo(deployment));
        Assert.Null(DeploymentLook.RollbackTo(deployment with { Traffic = [new(1, 100)] }));
    }

    [Theory]
    [InlineData("FP32", "number")]
    [InlineData("INT64", "whole")]
    [InlineData("BOOL", "bool")]
    [InlineData("BYTES", "text")]
    public void Fields_FollowTheDatatype(string datatype, string kind)
    {
        Assert.Equal(kind, DeploymentLook.Kind(new TensorSpec("x", datatype, [-1, 1])));
        Assert.Equal(("tensor", 12), (DeploymentLook.Kind(new TensorSpec("x", datatype, [-1, 3, 4])), DeploymentLook.Size(new TensorSpec("x", datatype, [-1, 3, 4]))));
    }

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    private static Task<InferenceResponse> ScoreAsync(MlopsGrainsClient client, string name, string version) =>
        client.Inference.InferAsync(name, new InferenceRequest([.. TinyModels.IrisColumns().Select(c => Columns.Of(c.Name, c.Values[0]))]), version, Token);

    /// <summary>Each revision serves a version of its own.</summary>
    private async Task<string> DeployedAsync(int revisions)
    {
        var name = $"dep-{Guid.NewGuid():N}"[..20];
        await Deployed.New(server, name, Iris.Value);
        for (var i = 1; i < revisions; i++)
        {
            await Deployed.New(server, name, Iris.Value);
        }

        return name;
    }
}
