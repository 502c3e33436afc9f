using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.OpenApi;

/// <summary>
/// Sends every example of the API document to a real server. Where an example names something, a thing made for it takes its place: each operation has an experiment,
/// a run, a model and so on of its own, so none sees what another one did.
/// </summary>
public sealed class ApiExampleTests(ServerFixture server)
{
    /// <summary>What MLflow has and this platform refuses, whatever is sent.</summary>
    private static readonly string[] Refused = ["/create-promptlab-run", "/gateway-proxy", "/jobs/"];

    /// <summary>What needs more than a thing of the example's name: the addresses that uploads in parts are given, pipeline runs, deliveries, webhooks that answer, closed windows, alerts.</summary>
    private static readonly string[] NeedMore =
        ["/mpu/", "/presigned/", "/pipeline-runs", "/deliveries", "/groups/compare", "/test", "/users/", "/permissions/", "/events", "/api/v1/pipelines/{name}/runs", "/rollback", "/windows/", "/alerts/{alertId}"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Examples_AreTaken_AndAnswersAreAsDescribed()
    {
        var document = JsonNode.Parse(await server.Http.GetStringAsync("/openapi/v1.json", Token))!;
        var operations = document["paths"]!.AsObject()
            .SelectMany(p => p.Value!.AsObject().Select(o => (Path: p.Key, Method: o.Key.ToUpperInvariant(), Operation: o.Value!)))
            .Where(o => !NeedMore.Concat(Refused).Any(n => o.Path.Contains(n, StringComparison.Ordinal)))
            .ToList();
        var faults = new List<string>();
        await Parallel.ForEachAsync(operations.Select((o, i) => (o.Path, o.Method, o.Operation, Number: i)), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (o, _) =>
        {
            var things = await ExampleThings.MakeAsync(server.Http, $"example-{o.Number}", o.Path);
            var fault = await SendAsync(things, o.Method, o.Path, o.Operation);
            lock (faults)
            {
                faults.AddRange(fault is null ? [] : [$"{o.Method} {o.Path}: {fault}"]);
            }
        });

        Assert.True(operations.Count > 120, $"{operations.Count} operations");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private async Task<string?> SendAsync(ExampleThings things, string method, string path, JsonNode operation)
    {
        var iris = ExampleThings.IsServing(path) ? things.Name + "-served" : things.Name;
        var creates = path.EndsWith("experiments/create", StringComparison.Ordinal) || path.EndsWith("registered-models/create", StringComparison.Ordinal)
            || (method == "POST" && path is "/api/v1/experiments" or "/api/v1/models");
        iris = creates ? iris + "-new" : iris;
        if (path.EndsWith("/restore", StringComparison.Ordinal) && path.Contains("/experiments/", StringComparison.Ordinal))
        {
            await Deployed.Send(server, HttpMethod.Delete, $"/api/v1/experiments/{things.Experiment}");
        }

        var query = new List<string>();
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            var (name, example) = (parameter!["name"]!.GetValue<string>(), parameter["example"]);
            if (parameter["in"]!.GetValue<string>() == "path")
            {
                var value = example is null ? things.OfNative(path, name) : things.In(example.ToString(), iris);
                path = path.Replace($"{{{name}}}", string.Join('/', value.Split('/').Select(Uri.EscapeDataString)), StringComparison.Ordinal);
            }
            else if (example is not null)
            {
                query.AddRange((example as JsonArray ?? [example.DeepClone()]).Select(v => $"{name}={Uri.EscapeDataString(things.In(v!.ToString(), iris))}"));
            }
        }

        if (path.EndsWith("/metrics", StringComparison.Ordinal) && path.StartsWith("/api/v1/runs", StringComparison.Ordinal))
        {
            query.Add("key=accuracy");
        }

        if (path == "/api/v1/lineage")
        {
            query.Add("of=runs/" + things.Run);
        }

        using var request = new HttpRequestMessage(new HttpMethod(method), query.Count == 0 ? path : $"{path}?{string.Join('&', query)}");
        if (operation["requestBody"]?["content"]?.AsObject().First() is { } body)
        {
            var example = body.Value!["example"]!;
            var text = things.In(example.GetValueKind() == JsonValueKind.String ? example.GetValue<string>() : example.ToJsonString(), iris);
            request.Content = new StringContent(text, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(body.Key == "*/*" ? "application/octet-stream" : body.Key);
        }

        using var answer = await server.Http.SendAsync(request, Token);
        var said = await answer.Content.ReadAsStringAsync(Token);
        if (!answer.IsSuccessStatusCode)
        {
            return $"{(int)answer.StatusCode} {said}";
        }

        var described = operation["responses"]!["200"]?["content"]?["application/json"]?["schema"];
        return described?["properties"] is null || answer.Content.Headers.ContentType?.MediaType != "application/json" ? null : Undescribed(JsonNode.Parse(said)!, described, "");
    }

    /// <summary>The first member of an answer that its schema does not know.</summary>
    private static string? Undescribed(JsonNode? value, JsonNode schema, string at) => value switch
    {
        JsonObject members when schema["properties"] is JsonObject known => members
            .Select(m => known[m.Key] is { } type ? Undescribed(m.Value, type, $"{at}/{m.Key}") : $"answers {at}/{m.Key}, which is not described")
            .FirstOrDefault(f => f is not null),
        JsonArray items when schema["items"] is { } item => items.Select(i => Undescribed(i, item, at + "/0")).FirstOrDefault(f => f is not null),
        _ => null,
    };
}
