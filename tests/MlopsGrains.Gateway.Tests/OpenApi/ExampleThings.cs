using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Gateway.Tests.Deployments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.OpenApi;

/// <summary>Everything that examples name, made for one operation.</summary>
internal sealed record ExampleThings(string Name, string Experiment, string Run, string Model, string Webhook, string Blob, string PipelineRun = "")
{
    /// <summary>In place of an address: everything that there is.</summary>
    public const string All = "*";

    private const string BlobOfExamples = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    private static readonly Lazy<(byte[] File, MlopsGrains.Models.ModelSignature Signature)> Iris = new(() => TinyModels.Iris());

    private const string Csv = "sepal_length_cm,kind\n5.1,setosa\n7.0,versicolor\n";

    public static bool IsServing(string path) =>
        path.Contains("/deployments", StringComparison.Ordinal) || path.Contains("/monitors", StringComparison.Ordinal) || path.StartsWith("/v2", StringComparison.Ordinal);

    public static async Task<ExampleThings> MakeAsync(HttpClient http, string name, string path)
    {
        async Task<JsonElement> Post(string path, object body) => await Deployed.Send(http, HttpMethod.Post, path, JsonContent.Create(body));
        var pair = new[] { new { key = "team", value = "botany" } };
        var experiment = (await Post("/api/2.0/mlflow/experiments/create", new { name, tags = pair })).GetProperty("experiment_id").GetString()!;
        var run = (await Post("/api/2.0/mlflow/runs/create", new { experiment_id = experiment, tags = pair })).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        await Post("/api/2.0/mlflow/runs/log-batch", new { run_id = run, metrics = new[] { new { key = "accuracy", value = 0.97, timestamp = 1764000000000, step = 1 } } });
        var model = (await Post("/api/2.0/mlflow/logged-models", new { experiment_id = experiment, name, tags = pair })).GetProperty("model").GetProperty("info").GetProperty("model_id").GetString()!;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Csv)));
        foreach (var artifact in new[] { $"{experiment}/{run}/artifacts/model.zip", $"{experiment}/{run}/artifacts/model/MLmodel", $"{experiment}/models/{model}/artifacts/MLmodel" })
        {
            await Deployed.Send(http, HttpMethod.Put, $"/api/2.0/mlflow-artifacts/artifacts/{artifact}", new StringContent("bytes"));
        }

        await Deployed.Send(http, HttpMethod.Post, "/api/v1/blobs", new StringContent(Csv));
        var pipelineRun = "";
        if (path == All || path.Contains("/datasets", StringComparison.Ordinal) || path.Contains("/pipelines", StringComparison.Ordinal))
        {
            await Deployed.Send(http, HttpMethod.Post, $"/api/v1/datasets/{name}/versions", new StringContent(Csv, Encoding.UTF8, "text/csv"));
            await Deployed.Send(http, HttpMethod.Post, "/api/v1/pipelines", new StringContent($"name: {name}\nsteps: [{{name: a, uses: dataset/load, with: {{dataset: {name}}}}}]", Encoding.UTF8, "application/yaml"));
            pipelineRun = path == All ? (await Post($"/api/v1/pipelines/{name}/runs", new { })).GetProperty("pipelineRunId").GetString()! : "";
        }

        if (path == All || (path.Contains("model", StringComparison.Ordinal) && !IsServing(path)))
        {
            await Post("/api/2.0/mlflow/registered-models/create", new { name, tags = pair });
            await Post("/api/2.0/mlflow/model-versions/create", new { name, source = $"runs:/{run}/model", run_id = run, tags = pair });
            await Post("/api/2.0/mlflow/registered-models/alias", new { name, alias = "champion", version = "1" });
        }

        if (path == All || IsServing(path))
        {
            var blob = await Deployed.Send(http, HttpMethod.Post, "/api/v1/blobs", new ByteArrayContent(Iris.Value.File));
            await Post($"/api/v1/models/{name}-served/versions", new { format = "mlnet", blob, signature = Iris.Value.Signature, lineage = new { }, metrics = new { accuracy = 0.97 } });
            await Deployed.Send(http, HttpMethod.Put, $"/api/v1/deployments/{name}-served", JsonContent.Create(new { model = $"{name}-served", version = "latest" }));
            await Deployed.Send(http, HttpMethod.Put, $"/api/v1/monitors/{name}-served", JsonContent.Create(new { referenceDigest = digest, features = new[] { "sepal_length_cm" } }));
        }

        var webhook = path.Contains("/webhooks", StringComparison.Ordinal)
            ? (await Post("/api/2.0/mlflow/webhooks", new { name, url = "https://example.org/hook", events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } } }))
                .GetProperty("webhook").GetProperty("webhook_id").GetString()!
            : "";
        return new ExampleThings(name, experiment, run, model, webhook, digest, pipelineRun);
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
        "id" when path.Contains("/pipeline-runs/", StringComparison.Ordinal) => PipelineRun,
        "id" => Run,
        "on" when path.Contains("/experiments/", StringComparison.Ordinal) => Experiment,
        "on" when IsServing(path) => Name + "-served",
        "documentName" => "v1",
        "digest" => Blob,
        "key" when path.Contains("/metrics/", StringComparison.Ordinal) => "accuracy",
        "key" => "team",
        "alias" => "champion",
        "path" => "model.zip",
        "version" or "reference" or "window" => "1",
        "name" when path.Contains("/deployments/", StringComparison.Ordinal) => Name + "-served",
        "deployment" => Name + "-served",
        _ => Name,
    };
}
