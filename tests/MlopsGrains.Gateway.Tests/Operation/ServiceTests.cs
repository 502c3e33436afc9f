using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Operation;

/// <summary>What clients ask a server about itself, and what this one does not offer.</summary>
public sealed class ServiceTests(ServerFixture server)
{
    [Theory]
    [InlineData("/api/3.0/mlflow/server-info")]
    [InlineData("/ajax-api/3.0/mlflow/server-info")]
    public async Task ServerInfo_SaysWhatThereIs_AlsoToAClientWithAWorkspace(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "X-MLFLOW-WORKSPACE", "team" } } };
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(
            """{"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,"multipart_uploads_enabled":true,"multipart_downloads_enabled":true,"features_enabled":{"gateway":false}}""",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/runs/search")]
    [InlineData("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/f")]
    [InlineData("GET", "/get-artifact?run_id=r&path=f")]
    [InlineData("GET", "/model-versions/get-artifact?name=m&version=1&path=f")]
    public async Task Workspace_IsRefused(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "X-MLFLOW-WORKSPACE", "team" } } };
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(400, (int)answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("FEATURE_DISABLED", (string?)body["error_code"]);
        Assert.Contains("X-MLFLOW-WORKSPACE", (string?)body["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/ajax-api/2.0/mlflow/runs/create-promptlab-run", "{}", 400, "CreatePromptlabRun request must specify experiment_id.")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/runs/create-promptlab-run", """{"experiment_id":"1","prompt_template":"t","prompt_parameters":[]}""", 400, "CreatePromptlabRun request must specify prompt_parameters.")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/runs/create-promptlab-run", """{"experiment_id":"1","prompt_template":"t","prompt_parameters":[{"key":"k","value":"v"}],"model_route":"r","model_input":"i","mlflow_version":"3"}""", 501, "There is no prompt lab here")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/gateway-proxy", "{}", 400, "Deployments proxy request must specify a gateway_path.")]
    [InlineData("POST", "/ajax-api/2.0/mlflow/gateway-proxy", """{"gateway_path":"foo/bar"}""", 400, "Invalid gateway_path: foo/bar for method: POST")]
    [InlineData("GET", "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=hello/world", null, 400, "Invalid gateway_path: hello/world for method: GET")]
    [InlineData("GET", "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=api/2.0/endpoints", null, 501, "There is no gateway")]
    [InlineData("POST", "/ajax-api/3.0/jobs/", "{}", 501, "There are no MLflow jobs here")]
    [InlineData("GET", "/ajax-api/3.0/jobs/0123", null, 501, "There are no MLflow jobs here")]
    public async Task GatewayAndJobs_AreRefusedInMlflowsWords(string method, string path, string? json, int status, string said)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal((status, status == 400 ? "INVALID_PARAMETER_VALUE" : "NOT_IMPLEMENTED"), ((int)answer.StatusCode, (string?)body["error_code"]));
        Assert.StartsWith(said, (string?)body["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_ThatKnowsTheAddressOnly_IsLedOn()
    {
        var said = JsonNode.Parse(await server.Http.GetStringAsync("/api", TestContext.Current.CancellationToken))!;

        Assert.All((string[])["docs", "openapi", "health"], name => Assert.StartsWith(server.BaseAddress.ToString(), (string)said[name]!, StringComparison.Ordinal));
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
        Assert.Equal("sandbox; default-src 'none'; frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(path.StartsWith("/api/4", StringComparison.Ordinal) ? null : "ENDPOINT_NOT_FOUND", (string?)JsonNode.Parse(body)!["error_code"]);
    }
}
