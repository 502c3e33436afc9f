using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Speaks to the tracking service as its clients do. Answers the status and the JSON object.</summary>
internal sealed class MlflowCaller(HttpClient http, string prefix = "/api/2.0")
{
    public async Task<(int Status, JsonNode Body)> GetAsync(string path) =>
        await ReadAsync(await http.GetAsync(prefix + path, TestContext.Current.CancellationToken));

    public async Task<(int Status, JsonNode Body)> PostAsync(string path, string json, string? type = "application/json")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return await ReadAsync(await http.PostAsync(prefix + path, content, TestContext.Current.CancellationToken));
    }

    /// <summary>A request with a JSON body by any method.</summary>
    public async Task<(int Status, JsonNode Body)> SendAsync(string method, string path, object message)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), prefix + path);
        request.Content = new StringContent(message as string ?? JsonSerializer.Serialize(message), Encoding.UTF8, "application/json");
        return await ReadAsync(await http.SendAsync(request, TestContext.Current.CancellationToken));
    }

    /// <summary>A request by any method that must succeed.</summary>
    public async Task<JsonNode> DoAsync(string method, string path, object message)
    {
        var (status, body) = await SendAsync(method, path, message);
        Assert.True(status == 200, $"{method} {path}: {status} {body.ToJsonString()}");
        return body;
    }

    /// <summary>A request that must succeed.</summary>
    public async Task<JsonNode> DoAsync(string path, object? message = null)
    {
        var (status, body) = message is null ? await GetAsync(path) : await PostAsync(path, JsonSerializer.Serialize(message));
        Assert.True(status == 200, $"{path}: {status} {body.ToJsonString()}");
        return body;
    }

    /// <summary>A request that must be refused with this code. Answers the message.</summary>
    public async Task<string> RefusedAsync(string path, object? message, int status, string code)
    {
        var (actual, body) = message is null ? await GetAsync(path) : await PostAsync(path, message as string ?? JsonSerializer.Serialize(message));
        Assert.True(status == actual, $"{path}: {actual} {body.ToJsonString()}");
        Assert.Equal(code, (string?)body["error_code"]);
        return (string)body["message"]!;
    }

    /// <summary>A new experiment with a name of its own.</summary>
    public async Task<string> NewExperimentAsync() =>
        (string)(await DoAsync("/mlflow/experiments/create", new { name = "e-" + Guid.NewGuid().ToString("N") }))["experiment_id"]!;

    /// <summary>A new run, in a new experiment unless one is given.</summary>
    public async Task<string> NewRunAsync(string? experiment = null) =>
        (string)(await DoAsync("/mlflow/runs/create", new { experiment_id = experiment ?? await NewExperimentAsync(), start_time = 1_700_000_000_000 }))["run"]!["info"]!["run_id"]!;

    public async Task<JsonNode> RunAsync(string id) => (await DoAsync($"/mlflow/runs/get?run_id={id}&run_uuid={id}"))["run"]!;

    private static async Task<(int, JsonNode)> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return ((int)answer.StatusCode, JsonNode.Parse(text)!.AsObject());
    }
}
