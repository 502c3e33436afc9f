using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>
/// Sends every example of the API document to a real server. Where an example names something, a thing made for it takes its place: each operation has an experiment,
/// a run, a model and so on of its own, so none sees what another one did.
/// </summary>
public sealed class ApiExampleTests(ServerFixture server)
{
    /// <summary>What MLflow has and this platform refuses, whatever is sent.</summary>
    private static readonly string[] Refused = ["/create-promptlab-run", "/gateway-proxy", "/jobs/"];

    /// <summary>What needs more than a thing of the example's name: the addresses that uploads in parts are given, pipeline runs, deliveries, webhooks that answer.</summary>
    private static readonly string[] NeedMore =
        ["/mpu/", "/presigned/", "/pipeline-runs", "/deliveries", "/groups/compare", "/test", "/users/", "/permissions/", "/events", "/api/v1/pipelines/{name}/runs", "/rollback"];

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
            var things = await Things.MakeAsync(server, $"example-{o.Number}", o.Path);
            var fault = await SendAsync(things, o.Method, o.Path, o.Operation);
            lock (faults)
            {
                faults.AddRange(fault is null ? [] : [$"{o.Method} {o.Path}: {fault}"]);
            }
        });

        Assert.True(operations.Count > 120, $"{operations.Count} operations");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private async Task<string?> SendAsync(Things things, string method, string path, JsonNode operation)
    {
        var iris = IsServing(path) ? things.Name + "-served" : things.Name;
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

    private static bool IsServing(string path) =>
        path.Contains("/deployments", StringComparison.Ordinal) || path.Contains("/monitors", StringComparison.Ordinal) || path.StartsWith("/v2", StringComparison.Ordinal);

    /// <summary>The first member of an answer that its schema does not know.</summary>
    private static string? Undescribed(JsonNode? value, JsonNode schema, string at) => value switch
    {
        JsonObject members when schema["properties"] is JsonObject known => members
            .Select(m => known[m.Key] is { } type ? Undescribed(m.Value, type, $"{at}/{m.Key}") : $"answers {at}/{m.Key}, which is not described")
            .FirstOrDefault(f => f is not null),
        JsonArray items when schema["items"] is { } item => items.Select(i => Undescribed(i, item, at + "/0")).FirstOrDefault(f => f is not null),
        _ => null,
    };

    /// <summary>Everything that examples name, made for one operation.</summary>
    private sealed record Things(string Name, string Experiment, string Run, string Model, string Webhook, string Blob)
    {
        private const string BlobOfExamples = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        private static readonly Lazy<(byte[] File, MlopsGrains.Models.ModelSignature Signature)> Iris = new(() => TinyModels.Iris());

        private const string Csv = "sepal_length_cm,kind\n5.1,setosa\n7.0,versicolor\n";

        public static async Task<Things> MakeAsync(ServerFixture server, string name, string path)
        {
            async Task<JsonElement> Post(string path, object body) => await Deployed.Send(server, HttpMethod.Post, path, JsonContent.Create(body));
            var pair = new[] { new { key = "team", value = "botany" } };
            var experiment = (await Post("/api/2.0/mlflow/experiments/create", new { name, tags = pair })).GetProperty("experiment_id").GetString()!;
            var run = (await Post("/api/2.0/mlflow/runs/create", new { experiment_id = experiment, tags = pair })).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
            await Post("/api/2.0/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { new { key = "accuracy", value = 0.97, timestamp = 1764000000000, step = 1 } } });
            var model = (await Post("/api/2.0/mlflow/logged-models", new { experiment_id = experiment, name, tags = pair })).GetProperty("model").GetProperty("info").GetProperty("model_id").GetString()!;
            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Csv)));
            foreach (var artifact in new[] { $"{experiment}/{run}/artifacts/model.zip", $"{experiment}/{run}/artifacts/model/MLmodel", $"{experiment}/models/{model}/artifacts/MLmodel" })
            {
                await Deployed.Send(server, HttpMethod.Put, $"/api/2.0/mlflow-artifacts/artifacts/{artifact}", new StringContent("bytes"));
            }

            await Deployed.Send(server, HttpMethod.Post, "/api/v1/blobs", new StringContent(Csv));
            if (path.Contains("/datasets", StringComparison.Ordinal) || path.Contains("/pipelines", StringComparison.Ordinal))
            {
                await Deployed.Send(server, HttpMethod.Post, $"/api/v1/datasets/{name}/versions", new StringContent(Csv, Encoding.UTF8, "text/csv"));
                await Deployed.Send(server, HttpMethod.Post, "/api/v1/pipelines", new StringContent($"name: {name}\nsteps: [{{name: a, uses: dataset/load, with: {{dataset: {name}}}}}]", Encoding.UTF8, "application/yaml"));
            }

            if (path.Contains("model", StringComparison.Ordinal) && !IsServing(path))
            {
                await Post("/api/2.0/mlflow/registered-models/create", new { name, tags = pair });
                await Post("/api/2.0/mlflow/model-versions/create", new { name, source = $"runs:/{run}/model", run_id = run, tags = pair });
                await Post("/api/2.0/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });
            }

            if (IsServing(path))
            {
                var blob = await Deployed.Send(server, HttpMethod.Post, "/api/v1/blobs", new ByteArrayContent(Iris.Value.File));
                await Post($"/api/v1/models/{name}-served/versions", new { format = "mlnet", blob, signature = Iris.Value.Signature, lineage = new { }, metrics = new { accuracy = 0.97 } });
                await Deployed.Send(server, HttpMethod.Put, $"/api/v1/deployments/{name}-served", JsonContent.Create(new { model = $"{name}-served", version = "latest" }));
                await Deployed.Send(server, HttpMethod.Put, $"/api/v1/monitors/{name}-served", JsonContent.Create(new { referenceDigest = digest, features = new[] { "sepal_length_cm" } }));
            }

            var webhook = path.Contains("/webhooks", StringComparison.Ordinal)
                ? (await Post("/api/2.0/mlflow/webhooks", new { name, url = "https://example.org/hook", events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } } }))
                    .GetProperty("webhook").GetProperty("webhook_id").GetString()!
                : "";
            return new Things(name, experiment, run, model, webhook, digest);
        }

        /// <summary>An example with these things in place of those that it names.</summary>
        public string In(string example, string iris)
        {
            var text = example.Replace(MlflowExamples.ModelId, Model, StringComparison.Ordinal)
                .Replace(MlflowExamples.RunId, Run, StringComparison.Ordinal)
                .Replace(BlobOfExamples, Blob, StringComparison.Ordinal)
                .Replace("1b4e28ba-2fa1-11d2-883f-0016d3cca427", Webhook, StringComparison.Ordinal)
                .Replace("\"length\":1024", $"\"length\":{Csv.Length}", StringComparison.Ordinal)
                .Replace("\"deploys\"", $"\"{Name}-new\"", StringComparison.Ordinal)
                .Replace("\"experiment_id\":\"1\"", $"\"experiment_id\":\"{Experiment}\"", StringComparison.Ordinal)
                .Replace("\"experimentId\":\"1\"", $"\"experimentId\":\"{Experiment}\"", StringComparison.Ordinal)
                .Replace($"1/{Run}", $"{Experiment}/{Run}", StringComparison.Ordinal)
                .Replace("iris", iris, StringComparison.Ordinal);
            return text;
        }

        /// <summary>What a parameter of a native address names.</summary>
        public string OfNative(string path, string name) => name switch
        {
            "id" when path.Contains("/experiments/", StringComparison.Ordinal) => Experiment,
            "id" => Run,
            "digest" => Blob,
            "key" when path.Contains("/metrics/", StringComparison.Ordinal) => "accuracy",
            "key" => "team",
            "alias" => "champion",
            "path" => "model.zip",
            "version" or "reference" => "1",
            "name" when path.Contains("/deployments/", StringComparison.Ordinal) => Name + "-served",
            "deployment" => Name + "-served",
            _ => Name,
        };
    }
}
