using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Conformance;

/// <summary>MLflow's limits: at the limit it is taken, one beyond it is refused with the field and the limit (or cut where MLflow cuts), and a good call works after it.</summary>
public sealed class LimitTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("log-parameter", "params", 6000)]
    [InlineData("set-tag", "tags", 8000)]
    public async Task LongValue_IsCutSilently(string method, string list, int limit)
    {
        var id = await mlflow.NewRunAsync();

        await mlflow.DoAsync("/mlflow/runs/" + method, new { run_id = id, key = "long", value = Letters(limit + 1) });

        var stored = (await mlflow.RunAsync(id))["data"]![list]!.AsArray().Single(p => (string?)p!["key"] == "long")!;
        Assert.Equal(Letters(limit), (string?)stored["value"]);
    }

    /// <summary>A character outside the basic plane is one, at every door, though it takes two UTF-16 units and, escaped, twelve bytes.</summary>
    [Fact]
    public async Task Length_IsCountedInCharacters()
    {
        var id = await mlflow.NewRunAsync();
        var key = Letters(250);
        var escaped = string.Concat(Enumerable.Repeat(@"\ud835\udd38", 250));
        using var batch = await server.Http.PostAsync("/api/2.0/mlflow/runs/log-batch", Json($$"""{"run_id":"{{id}}","metrics":[{"key":"{{escaped}}","value":1,"timestamp":1}] }"""), TestContext.Current.CancellationToken);
        using var columns = await server.Http.PostAsync($"/api/v1/runs/{id}/batches", Json($$"""{"columns":{"keys":["{{key}}"],"keyIndexes":[0],"values":[2],"timestamps":[2],"steps":[0]} }"""), TestContext.Current.CancellationToken);
        await mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = id, datasets = new[] { new { dataset = new { name = Letters(500), digest = Letters(36), source_type = "http", source = "https://example.org" } } } });
        var model = Letters(256);
        await mlflow.DoAsync("/mlflow/registered-models/create", new { name = model, description = Letters(5000) });

        Assert.True(batch.IsSuccessStatusCode, await batch.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(columns.IsSuccessStatusCode, await columns.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var stored = await mlflow.RunAsync(id);
        Assert.Equal(2, (double)stored["data"]!["metrics"]!.AsArray().Single(m => (string?)m!["key"] == key)!["value"]!);
        Assert.Equal(Letters(500), (string?)stored["inputs"]!["dataset_inputs"]![0]!["dataset"]!["name"]);
        Assert.Contains("maximum length of 256 characters; it has 257", await mlflow.RefusedAsync("/mlflow/registered-models/create", new { name = Letters(257) }, 400, Invalid), StringComparison.Ordinal);
        Assert.Contains("maximum length of 5000 characters; it has 5001", await mlflow.RefusedAsync("/mlflow/registered-models/create", new { name = "long", description = Letters(5001) }, 400, Invalid), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000, 0, 0, null)]
    [InlineData(1001, 0, 0, "metrics")]
    [InlineData(0, 100, 100, null)]
    [InlineData(0, 101, 0, "params")]
    [InlineData(0, 0, 101, "tags")]
    [InlineData(900, 50, 50, null)]
    [InlineData(901, 50, 50, "1000")]
    public async Task Batch_HoldsAtItsLimits(int metrics, int parameters, int tags, string? named)
    {
        var id = await mlflow.NewRunAsync();
        var before = (await mlflow.RunAsync(id)).ToJsonString();
        var batch = new
        {
            run_id = id,
            metrics = Enumerable.Range(0, metrics).Select(i => new { key = "m", value = i, timestamp = i, step = i }),
            @params = Enumerable.Range(0, parameters).Select(i => new { key = $"p{i}", value = "v" }),
            tags = Enumerable.Range(0, tags).Select(i => new { key = $"t{i}", value = "v" }),
        };
        if (named is null)
        {
            await mlflow.DoAsync("/mlflow/runs/log-batch", batch);
            return;
        }

        Assert.Contains(named, await mlflow.RefusedAsync("/mlflow/runs/log-batch", batch, 400, Invalid), StringComparison.Ordinal);
        Assert.Equal(before, (await mlflow.RunAsync(id)).ToJsonString());
        await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = id, key = "after", value = "good" });
    }

    [Fact]
    public async Task ExperimentNameTagAndLocation_HoldAtTheirLimits()
    {
        var unique = Guid.NewGuid().ToString("N");
        var id = (string)(await mlflow.DoAsync("/mlflow/experiments/create", new { name = unique.PadRight(500, 'n'), artifact_location = "s3://bucket/".PadRight(2048, 'a') }))["experiment_id"]!;
        await mlflow.DoAsync("/mlflow/experiments/set-experiment-tag", new { experiment_id = id, key = new string('k', 250), value = new string('v', 5000) });

        Assert.Contains("500", await mlflow.RefusedAsync("/mlflow/experiments/create", new { name = unique.PadRight(501, 'n') }, 400, Invalid), StringComparison.Ordinal);
        Assert.Contains("500", await mlflow.RefusedAsync("/mlflow/experiments/update", new { experiment_id = id, new_name = unique.PadRight(501, 'm') }, 400, Invalid), StringComparison.Ordinal);
        Assert.Contains("2048", (await mlflow.RefusedAsync("/mlflow/experiments/create", new { name = unique + "l", artifact_location = "s3://bucket/".PadRight(2049, 'a') }, 400, Invalid)).Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("250", await mlflow.RefusedAsync("/mlflow/experiments/set-experiment-tag", new { experiment_id = id, key = new string('k', 251), value = "v" }, 400, Invalid), StringComparison.Ordinal);
        Assert.Contains("5000", (await mlflow.RefusedAsync("/mlflow/experiments/set-experiment-tag", new { experiment_id = id, key = "k", value = new string('v', 5001) }, 400, Invalid)).Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Single((await mlflow.DoAsync("/mlflow/experiments/get?experiment_id=" + id))["experiment"]!["tags"]!.AsArray());
    }

    [Fact]
    public async Task RunName_HoldsAtItsLimit()
    {
        var experiment = await mlflow.NewExperimentAsync();
        await mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = experiment, run_name = new string('r', 250) });

        Assert.Contains("250", await mlflow.RefusedAsync("/mlflow/runs/create", new { experiment_id = experiment, run_name = new string('r', 251) }, 400, Invalid), StringComparison.Ordinal);
        var found = await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment } });
        Assert.Single(found["runs"]!.AsArray());
    }

    [Theory]
    [InlineData("name", 500)]
    [InlineData("digest", 36)]
    [InlineData("source", 65_535)]
    [InlineData("schema", 1_048_575)]
    public async Task DatasetInput_HoldsAtItsLimits(string field, int limit)
    {
        var id = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/log-inputs", Body(limit));

        var message = await mlflow.RefusedAsync("/mlflow/runs/log-inputs", Body(limit + 1), 400, Invalid);

        Assert.Contains(field, message, StringComparison.Ordinal);
        Assert.Contains($"{limit}", message, StringComparison.Ordinal);
        Assert.Single((await mlflow.RunAsync(id))["inputs"]!["dataset_inputs"]!.AsArray());

        object Body(int length)
        {
            var dataset = new JsonObject { ["name"] = "d", ["digest"] = "1", ["source_type"] = "local", ["source"] = "x", ["schema"] = "{}" };
            dataset[field] = new string('x', length);
            return JsonSerializer.Deserialize<JsonElement>(new JsonObject { ["run_id"] = id, ["datasets"] = new JsonArray(new JsonObject { ["dataset"] = dataset }) });
        }
    }

    [Theory]
    [InlineData("runs/search", "max_results", 50_000)]
    [InlineData("experiments/search", "max_results", 50_000)]
    public async Task PageSizes_HoldAtTheirLimits(string method, string field, int limit)
    {
        await mlflow.DoAsync("/mlflow/" + method, new { experiment_ids = new[] { await mlflow.NewExperimentAsync() }, max_results = limit });

        var message = await mlflow.RefusedAsync("/mlflow/" + method, new { experiment_ids = new[] { "0" }, max_results = limit + 1 }, 400, Invalid);

        Assert.Contains(field, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65_537)]
    [InlineData(100_001)]
    [InlineData(1_000_000)]
    public async Task HugeFilter_Is400_AndOneAtTheLimitWorks(int length)
    {
        var experiment = await mlflow.NewExperimentAsync();
        object Search(int characters) => new { experiment_ids = new[] { experiment }, filter = $"tags.a = '{new string('x', characters - "tags.a = ''".Length)}'" };

        var message = await mlflow.RefusedAsync("/mlflow/runs/search", Search(length), 400, Invalid);

        Assert.Contains("filter", message, StringComparison.Ordinal);
        Assert.Contains("at most 65536", message, StringComparison.Ordinal);
        await mlflow.DoAsync("/mlflow/runs/search", Search(65_536));
    }

    [Fact]
    public async Task DeeplyNestedFilter_Is400()
    {
        var filter = new string('(', 10_000) + "metrics.a > 1" + new string(')', 10_000);

        var message = await mlflow.RefusedAsync("/mlflow/runs/search", new { experiment_ids = new[] { "0" }, filter }, 400, Invalid);
        Assert.Contains("filter", message, StringComparison.Ordinal);
        Assert.Contains("100", message, StringComparison.Ordinal);
        await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { await mlflow.NewExperimentAsync() }, filter = "metrics.a > 1" });
    }

    [Fact]
    public async Task DeeplyNestedJson_Is400()
    {
        var body = string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000);

        var (status, answer) = await mlflow.PostAsync("/mlflow/runs/set-tag", body);

        Assert.Equal((400, Invalid), (status, (string?)answer["error_code"]));
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    private static string Letters(int count) => string.Concat(Enumerable.Repeat("𝔸", count));
}
