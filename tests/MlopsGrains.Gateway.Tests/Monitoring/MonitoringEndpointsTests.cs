using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Monitoring;

public sealed class MonitoringEndpointsTests(ServerFixture server)
{
    private const string Digest = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Put_ThenGetAndList_ShowTheMonitor()
    {
        var digest = await StoreAsync("age,town\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},Bern\n")));

        var put = await PutAsync("shown", $$"""{"referenceDigest":"{{digest}}","features":["age","town"],"windowRows":500}""");

        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        var status = await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/monitors/shown", Token);
        Assert.Equal((1, 200, 500), (Number(status, "generation"), Number(status, "referenceRows"), Number(status.GetProperty("rules"), "windowRows")));
        var list = await server.Http.GetFromJsonAsync<JsonElement>("/api/v1/monitors?limit=100", Token);
        Assert.Contains(list.GetProperty("items").EnumerateArray(), m => m.GetProperty("deployment").GetString() == "shown");
        Assert.Equal("[]", await server.Http.GetStringAsync("/api/v1/monitors/shown/windows", Token));
        Assert.Equal("[]", await server.Http.GetStringAsync("/api/v1/monitors/shown/alerts?limit=1000", Token));
    }

    [Theory]
    [InlineData("""{}""", "referenceDigest", "required")]
    [InlineData("""{"referenceDigest":"abc"}""", "referenceDigest", "64")]
    [InlineData("""{"referenceDigest":"$","windowRows":99}""", "windowRows", "100")]
    [InlineData("""{"referenceDigest":"$","windowRows":10000001}""", "windowRows", "10000000")]
    [InlineData("""{"referenceDigest":"$","windowSeconds":0}""", "windowSeconds", "1")]
    [InlineData("""{"referenceDigest":"$","windowSeconds":604801}""", "windowSeconds", "604800")]
    [InlineData("""{"referenceDigest":"$","alpha":0}""", "alpha", "0.5")]
    [InlineData("""{"referenceDigest":"$","alpha":0.51}""", "alpha", "0.5")]
    [InlineData("""{"referenceDigest":"$","effectFloor":-0.1}""", "effectFloor", "1")]
    [InlineData("""{"referenceDigest":"$","effectFloor":1.1}""", "effectFloor", "1")]
    [InlineData("""{"referenceDigest":"$","raiseAfter":4}""", "raiseAfter", "3")]
    [InlineData("""{"referenceDigest":"$","pipeline":"../x"}""", "pipeline", "letter")]
    [InlineData("""{"referenceDigest":"$","features":["a","a"]}""", "features[1]", "twice")]
    [InlineData("""{"referenceDigest":"$","features":[""]}""", "features[0]", "256")]
    [InlineData("""{"referenceDigest":"$","unknown":1}""", "unknown", "Unknown")]
    [InlineData("""{"referenceDigest":"$","windowRows":"many"}""", "windowRows", "expected a whole number")]
    public async Task Put_OutOfRange_Is400_NamingFieldAndLimit(string body, string field, string limit)
    {
        var answer = await PutAsync("bad", body.Replace("$", Digest, StringComparison.Ordinal));

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(field, problem.GetProperty("field").GetString());
        Assert.Contains(limit, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/api/v1/monitors/bad", Token)).StatusCode);
    }

    [Fact]
    public async Task Put_UnknownReference_Is404() =>
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("absent", $$"""{"referenceDigest":"{{Digest}}"}""")).StatusCode);

    [Theory]
    [InlineData("age\n1\n2\n", "height", "features[0]")]
    [InlineData("age\n1\n2,3\n", "age", "referenceDigest")]
    [InlineData("age\n", "age", "referenceDigest")]
    public async Task Put_ReferenceThatDoesNotFit_Is400(string csv, string feature, string field)
    {
        var answer = await PutAsync("unfit", $$"""{"referenceDigest":"{{await StoreAsync(csv)}}","features":["{{feature}}"]}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(field, (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task CountsAndBackTest_TellOfClosedWindows_InTheWordsOfTheClient()
    {
        var digest = await StoreAsync("age,town\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{(i % 2 == 0 ? "Bern" : "Basel")}\n")));
        await PutAsync("tested", $$"""{"referenceDigest":"{{digest}}","features":["age","town"],"windowRows":100,"raiseAfter":2}""");
        await WatchedTraffic.SendAsync(server.Services, "tested", 100, [false, true, true]);
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

        var counts = await client.Monitors.CountsAsync("tested", 2, Token);
        var calm = await client.Monitors.BackTestAsync("tested", new MonitorRules(digest, ["age"], RaiseAfter: 3), Token);

        Assert.Equal((2, 200, 100), (counts.Window, counts.ReferenceRows, counts.Rows));
        Assert.Equal(["age", "town"], counts.Features.Select(f => f.Feature));
        Assert.Equal((200, 100), (counts.Features[1].Reference.Sum(), counts.Features[1].Window.Sum()));
        Assert.Equal(["Basel", "Bern"], counts.Features[1].Categories);
        Assert.Equal((0, 1, 3), (calm.Alerts, calm.AlertsBefore, calm.Windows.Count));
        Assert.Equal((DriftOutcome.Drift, "age", true, false), (calm.Windows[0].Outcome, calm.Windows[0].Drifted[0], calm.Windows[0].WasRaised, calm.Windows[0].IsRaised));
    }

    [Theory]
    [InlineData("""{}""", "referenceDigest", "required")]
    [InlineData("""{"referenceDigest":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}""", "referenceDigest", "that of the monitor")]
    [InlineData("""{"referenceDigest":"$","features":["height"]}""", "features[0]", "not watched")]
    [InlineData("""{"referenceDigest":"$","alpha":0.51}""", "alpha", "0.5")]
    [InlineData("""{"referenceDigest":"$","effectFloor":1.1}""", "effectFloor", "1")]
    [InlineData("""{"referenceDigest":"$","raiseAfter":4}""", "raiseAfter", "3")]
    [InlineData("""{"referenceDigest":"$","alpha":"x"}""", "alpha", "number")]
    public async Task BackTest_OfRulesThatCannotBe_Is400_NamingFieldAndLimit(string body, string field, string limit)
    {
        var digest = await StoreAsync("age\n1\n2\n");
        await PutAsync("refusing", $$"""{"referenceDigest":"{{digest}}","features":["age"]}""");

        var answer = await server.Http.PostAsync("/api/v1/monitors/refusing/back-test", new StringContent(body.Replace("$", digest, StringComparison.Ordinal), Encoding.UTF8, "application/json"), Token);

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.StatusCode, problem.GetProperty("field").GetString()));
        Assert.Contains(limit, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BackTest_OfNoMonitor_Is404() =>
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.PostAsync("/api/v1/monitors/nobody/back-test", new StringContent($$"""{"referenceDigest":"{{Digest}}"}""", Encoding.UTF8, "application/json"), Token)).StatusCode);

    [Theory]
    [InlineData("/api/v1/monitors/nobody/windows/1/counts", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/monitors/nobody/windows/one/counts", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/monitors/nobody", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/monitors/nobody/windows", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/monitors/nobody/alerts", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/monitors/nobody/windows?limit=0", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/monitors/nobody/alerts?limit=1001", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/monitors/a%20b", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/monitors?limit=101", HttpStatusCode.BadRequest)]
    public async Task Get_OfNothingOrOutOfRange_IsRefused(string path, HttpStatusCode expected) =>
        Assert.Equal(expected, (await server.Http.GetAsync(path, Token)).StatusCode);

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private Task<HttpResponseMessage> PutAsync(string deployment, string body) =>
        server.Http.PutAsync($"/api/v1/monitors/{deployment}", new StringContent(body, Encoding.UTF8, "application/json"), Token);

    private async Task<string> StoreAsync(string text)
    {
        var answer = await server.Http.PostAsync("/api/v1/blobs", new ByteArrayContent(Encoding.UTF8.GetBytes(text)), Token);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("digest").GetString()!;
    }
}
