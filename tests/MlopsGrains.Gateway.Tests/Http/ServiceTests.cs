using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>What clients ask a server about itself, and what this one does not offer.</summary>
public sealed class ServiceTests(ServerFixture server)
{
    [Theory]
    [InlineData("/api/3.0/mlflow/server-info")]
    [InlineData("/ajax-api/3.0/mlflow/server-info")]
    public async Task ServerInfo_SaysThatThereAreNoWorkspaces(string path) =>
        Assert.Equal("""{"store_type":"SqlStore","workspaces_enabled":false}""", await server.Http.GetStringAsync(path, TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/runs/search")]
    [InlineData("GET", "/api/3.0/mlflow/server-info")]
    [InlineData("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/f")]
    [InlineData("GET", "/get-artifact?run_id=r&path=f")]
    [InlineData("GET", "/model-versions/get-artifact?name=m&version=1&path=f")]
    public async Task Workspace_IsRefused(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "X-MLFLOW-WORKSPACE", "team" } } };
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("X-MLFLOW-WORKSPACE", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/api/3.0/mlflow/traces")]
    [InlineData("POST", "/api/3.0/mlflow/traces/search")]
    [InlineData("PATCH", "/api/2.0/mlflow/traces/tr-1/tags")]
    [InlineData("POST", "/api/3.0/mlflow/traces/tr-1/assessments")]
    [InlineData("POST", "/api/3.0/mlflow/datasets/create")]
    [InlineData("GET", "/ajax-api/3.0/mlflow/scorers/list")]
    [InlineData("GET", "/api/3.0/mlflow/workspaces")]
    [InlineData("POST", "/v1/traces")]
    [InlineData("GET", "/ajax-api/2.0/mlflow/what-is-this")]
    [InlineData("GET", "/api/4.0/mlflow/runs/get")]
    public async Task NotOffered_IsNoSuchEndpoint_WithTheSecurityHeaders(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(404, (int)answer.StatusCode);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("SAMEORIGIN", answer.Headers.GetValues("X-Frame-Options").Single());
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(path.StartsWith("/api/4", StringComparison.Ordinal) ? null : "ENDPOINT_NOT_FOUND", (string?)JsonNode.Parse(body)!["error_code"]);
    }
}
