using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Deployments;

/// <summary>What a deployment was asked, from the scoring path to the client.</summary>
public sealed class DeploymentMetricsTests(ServerFixture server)
{
    private const string Row = """{"inputs":[{"name":"sepal_length_cm","shape":[1,1],"datatype":"FP32","data":[5.1]},{"name":"sepal_width_cm","shape":[1,1],"datatype":"FP32","data":[3.5]},{"name":"petal_length_cm","shape":[1,1],"datatype":"FP32","data":[1.4]},{"name":"petal_width_cm","shape":[1,1],"datatype":"FP32","data":[0.2]}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_AreCountedByRevision_RefusedOnesApart()
    {
        var name = await Deployed.New(server, $"metrics-{Guid.NewGuid():N}");
        using var client = MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        Assert.Empty((await client.Deployments.MetricsAsync(name, cancellationToken: Token)).Revisions);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(name, Row)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(name, Row.Replace("sepal_width_cm", "height", StringComparison.Ordinal))).StatusCode);

        await Eventually.Async(async () => (await client.Deployments.MetricsAsync(name, cancellationToken: Token)).Revisions is [{ Total.Requests: 6 }], cancellationToken: Token);
        var metrics = await client.Deployments.MetricsAsync(name, points: 30, cancellationToken: Token);
        var revision = Assert.Single(metrics.Revisions);
        Assert.Equal((1, 6, 5, 1, 0), (revision.Revision, revision.Total.Requests, revision.Total.Rows, revision.Total.Refused, revision.Total.Failed));
        Assert.True(revision.Total.P50Ms > 0 && revision.Total.P99Ms >= revision.Total.P50Ms);
        Assert.Equal(6, revision.Points.Sum(p => p.Requests));
        Assert.Equal((120, 31), (metrics.StepSeconds, Math.Max(31, metrics.Steps)));
        Assert.Equal(6, (await client.Deployments.MetricsAsync(name, DateTimeOffset.UtcNow.AddDays(-7), cancellationToken: Token)).Revisions[0].Total.Requests);
    }

    [Theory]
    [InlineData("points=0", "points")]
    [InlineData("points=501", "points")]
    [InlineData("from=2026-11-28T10:00:00Z&to=2026-11-28T10:00:00Z", "from")]
    [InlineData("from=2001-01-01T00:00:00Z", "from")]
    [InlineData("to=9999-01-01T00:00:00Z", "to")]
    [InlineData("from=yesterday", "from")]
    public async Task BadSpans_Are400_NamingTheField(string query, string field)
    {
        var name = await Deployed.Iris(server);

        var answer = await server.Http.GetAsync($"/api/v1/deployments/{name}/metrics?{query}", Token);

        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("field").GetString()));
    }

    [Fact]
    public async Task NoDeployment_Is404() => Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/api/v1/deployments/nobody/metrics", Token)).StatusCode);

    private Task<HttpResponseMessage> AskAsync(string name, string body) => server.Http.PostAsync($"/v2/models/{name}/infer", new StringContent(body, Encoding.UTF8, "application/json"), Token);
}
