using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Monitoring;

public sealed class AlertsEndpointsTests(ServerFixture server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAlert_IsListed_Taken_Silenced_Closed_AndItsActsAreInTheAuditChain()
    {
        using var client = Client();
        var (name, alert) = await RaiseAsync();
        await ListedAsync(client, AlertState.Open, alert.AlertId, isThere: true);
        var before = await client.Alerts.CountsAsync(Token);

        var taken = await client.Alerts.AcknowledgeAsync(name, alert.AlertId, Token);
        await client.Alerts.AcknowledgeAsync(name, alert.AlertId, Token);
        await client.Alerts.CommentAsync(name, alert.AlertId, "<b>the unit changed</b>", Token);
        await ListedAsync(client, AlertState.Mine, alert.AlertId, isThere: true);
        var silenced = await client.Alerts.SilenceAsync(name, alert.AlertId, new AlertSilence(60, "known"), Token);
        await ListedAsync(client, AlertState.Silenced, alert.AlertId, isThere: true);
        await ListedAsync(client, AlertState.Open, alert.AlertId, isThere: false);

        var counts = await client.Alerts.CountsAsync(Token);
        Assert.Equal((before.Waiting - 1, before.Mine + 1, before.Silenced + 1), (counts.Waiting, counts.Mine, counts.Silenced));
        Assert.NotNull(taken.AcknowledgedBy);
        Assert.True(silenced.IsSilenced(DateTimeOffset.UtcNow));
        Assert.Equal([AlertActKind.Acknowledged, AlertActKind.Commented, AlertActKind.Silenced], silenced.Acts!.Select(a => a.Kind));

        await WatchedTraffic.SendAsync(server.Services, name, 100, [false, false, false]);
        await ListedAsync(client, AlertState.Closed, alert.AlertId, isThere: true);
        await ListedAsync(client, AlertState.Silenced, alert.AlertId, isThere: false);
        Assert.Equal("cleared", (await client.Alerts.CommentAsync(name, alert.AlertId, "it was that", Token)).CloseReason);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(name, alert.AlertId, "acknowledge", "")).StatusCode);
        var actions = await client.Audit.SearchAsync(new(Subject: $"monitor/{name}", Action: "alert."), Token).Select(e => e.Action).ToListAsync(Token);
        Assert.Equal(["alert.commented", "alert.closed", "alert.silenced", "alert.commented", "alert.acknowledged", "alert.raised"], actions);
    }

    [Fact]
    public async Task AnAlertRaisedDuringASilence_IsSilencedToo()
    {
        using var client = Client();
        var (name, first) = await RaiseAsync();
        await client.Alerts.SilenceAsync(name, first.AlertId, new AlertSilence(60, "known"), Token);
        await WatchedTraffic.SendAsync(server.Services, name, 100, [false, false, false, true]);

        var second = (await client.Monitors.GetAsync(name, Token)).OpenAlert!;

        Assert.NotEqual(first.AlertId, second.AlertId);
        Assert.True(second.IsSilenced(DateTimeOffset.UtcNow));
    }

    [Fact]
    public async Task Pages_LeadThroughAllOfThem_NewestFirst()
    {
        using var client = Client();
        var (name, _) = await RaiseAsync();
        await WatchedTraffic.SendAsync(server.Services, name, 100, [false, false, false, true, false, false, false]);
        await Eventually.Async(async () => (await client.Alerts.ListAsync(AlertState.Closed, Token).CountAsync(a => a.Deployment == name, Token)) == 2, cancellationToken: Token);

        var byOne = new List<Alert>();
        string? next = null;
        do
        {
            var page = await client.Alerts.ListPageAsync(AlertState.Closed, 1, next, Token);
            byOne.AddRange(page.Items);
            next = page.NextPageToken;
        }
        while (next is not null && byOne.Count < 1000);

        Assert.Equal(2, byOne.Count(a => a.Deployment == name));
        Assert.Equal(byOne.Select(a => a.RaisedAt).OrderDescending(), byOne.Select(a => a.RaisedAt));
    }

    [Theory]
    [InlineData("silence", """{"minutes":43201,"reason":"x"}""", "minutes", "43200")]
    [InlineData("silence", """{"minutes":60}""", "reason", "required")]
    [InlineData("silence", """{"minutes":60,"reason":" "}""", "reason", "1000")]
    [InlineData("silence", """{"minutes":"long","reason":"x"}""", "minutes", "number")]
    [InlineData("comments", """{"text":""}""", "text", "1000")]
    [InlineData("comments", """{}""", "text", "required")]
    [InlineData("comments", """{"text":"x","who":"me"}""", "who", "Unknown")]
    public async Task BadInput_Is400_NamingFieldAndLimit(string act, string body, string field, string limit)
    {
        var (name, alert) = await SharedAsync();

        var answer = await PostAsync(name, alert.AlertId, act, body);

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.StatusCode, problem.GetProperty("field").GetString()));
        Assert.Contains(limit, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/alerts?state=lost", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/alerts?state=1", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/alerts?limit=0", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/alerts?limit=101", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/alerts?pageToken=what", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/monitors/nobody/alerts/x", HttpStatusCode.NotFound)]
    public async Task Get_OfNothingOrOutOfRange_IsRefused(string path, HttpStatusCode expected) => Assert.Equal(expected, (await server.Http.GetAsync(path, Token)).StatusCode);

    [Theory]
    [InlineData("acknowledge", "")]
    [InlineData("silence", """{"minutes":1,"reason":"x"}""")]
    [InlineData("comments", """{"text":"x"}""")]
    public async Task Acts_OnNoAlert_Are404(string act, string body)
    {
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("nobody", "x", act, body)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync((await SharedAsync()).Name, "x", act, body)).StatusCode);
    }

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    private static Task ListedAsync(MlopsGrainsClient client, AlertState state, string alertId, bool isThere) =>
        Eventually.Async(async () => await client.Alerts.ListAsync(state, Token).AnyAsync(a => a.AlertId == alertId, Token) == isThere, cancellationToken: Token);

    private Task<HttpResponseMessage> PostAsync(string name, string alertId, string act, string body) =>
        server.Http.PostAsync($"/api/v1/monitors/{name}/alerts/{alertId}/{act}", body.Length == 0 ? null : new StringContent(body, Encoding.UTF8, "application/json"), Token);

    /// <summary>An alert that is only refused things.</summary>
    private async Task<(string Name, Alert Alert)> SharedAsync()
    {
        using var client = Client();
        try
        {
            return ("alerts-shared", (await client.Monitors.GetAsync("alerts-shared", Token)).OpenAlert!);
        }
        catch (Errors.MlopsException)
        {
            return await RaiseAsync("alerts-shared");
        }
    }

    private async Task<(string Name, Alert Alert)> RaiseAsync(string? name = null)
    {
        using var client = Client();
        name ??= $"alerts-{Guid.NewGuid():N}";
        using var csv = new MemoryStream(Encoding.UTF8.GetBytes("age\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i}\n"))));
        var blob = await client.Blobs.UploadAsync(csv, Token);
        await client.Monitors.ConfigureAsync(name, new MonitorRules(blob.Digest, ["age"], 100, RaiseAfter: 1), Token);
        await WatchedTraffic.SendAsync(server.Services, name, 100, [true]);
        return (name, (await client.Monitors.GetAsync(name, Token)).OpenAlert!);
    }
}
