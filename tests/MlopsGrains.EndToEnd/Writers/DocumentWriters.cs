using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace MlopsGrains.EndToEnd.Writers;

/// <summary>Sets a tag of an experiment.</summary>
internal sealed class ExperimentTagWriter : Writer
{
    private string experiment = "";

    protected override bool Replaces => true;

    public override async Task PrepareAsync(Caller caller) => experiment = await caller.NewExperimentAsync(Name);

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync(Caller.Mlflow + "experiments/set-experiment-tag", new { experiment_id = experiment, key = "n", value = $"{number}" });

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller) =>
        [RunTagWriter.ValueOf((await caller.DoAsync(Caller.Mlflow + $"experiments/get?experiment_id={experiment}"))["experiment"]!["tags"])];

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) =>
        [.. chain.Where(e => (string)e["action"]! == "experiment.tag-set" && (string)e["subject"]! == $"experiment/{experiment}").Select(e => long.Parse((string)e["detail"]!["value"]!, CultureInfo.InvariantCulture))];
}

/// <summary>Uploads versions of a dataset; the n-th has n rows.</summary>
internal sealed class DatasetWriter : Writer
{
    private IReadOnlyList<long> stored = [];

    public override TimeSpan Pace => TimeSpan.FromMilliseconds(250);

    public override Task PrepareAsync(Caller caller) => Task.CompletedTask;

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync("/api/v1/datasets/written/versions", Encoding.UTF8.GetBytes("x\n" + string.Concat(Enumerable.Repeat("1\n", (int)number))), idempotencyKey: key);

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller) =>
        stored = [.. (await caller.DoAsync("/api/v1/datasets/written"))["versions"]!.AsArray().OrderBy(v => (int)v!["version"]!).Select(v => (long)v!["rows"]!)];

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) => VersionsTold(chain, "dataset-version.added", "dataset/written/", stored);

    /// <summary>The numbers of those versions that the chain tells of; minus the version where it is none that is stored.</summary>
    internal static IReadOnlyList<long> VersionsTold(IReadOnlyList<JsonNode> chain, string action, string subject, IReadOnlyList<long> stored) =>
    [
        .. chain.Where(e => (string)e["action"]! == action && ((string)e["subject"]!).StartsWith(subject, StringComparison.Ordinal))
            .Select(e => int.Parse(((string)e["subject"]!)[subject.Length..], CultureInfo.InvariantCulture))
            .Select(version => version <= stored.Count ? stored[version - 1] : -version),
    ];
}

/// <summary>Registers versions of a model.</summary>
internal sealed class ModelWriter : Writer
{
    private IReadOnlyList<long> stored = [];

    public override TimeSpan Pace => TimeSpan.FromMilliseconds(250);

    public override Task PrepareAsync(Caller caller) => caller.DoAsync(Caller.Mlflow + "registered-models/create", new { name = "written" });

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync(Caller.Mlflow + "model-versions/create", new { name = "written", source = $"s3://bucket/{number}" }, idempotencyKey: key);

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller) =>
        stored = [.. (await caller.DoAsync("/api/v1/models/written/versions")).AsArray().OrderBy(v => (int)v!["version"]!).Select(v => long.Parse(((string)v!["source"]!)["s3://bucket/".Length..], CultureInfo.InvariantCulture))];

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) => DatasetWriter.VersionsTold(chain, "model-version.registered", "model/written/", stored);
}

/// <summary>Registers definitions of a pipeline.</summary>
internal sealed class PipelineWriter : Writer
{
    private IReadOnlyList<long> stored = [];

    public override TimeSpan Pace => TimeSpan.FromMilliseconds(500);

    public override Task PrepareAsync(Caller caller) => Task.CompletedTask;

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync("/api/v1/pipelines", PipelineRunWriter.Definition("written", number), idempotencyKey: key);

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller)
    {
        var numbers = new List<long>();
        var newest = (int)(await caller.DoAsync("/api/v1/pipelines/written"))["version"]!;
        for (var version = 1; version <= newest; version++)
        {
            var yaml = (string)(await caller.DoAsync($"/api/v1/pipelines/written?version={version}"))["yaml"]!;
            numbers.Add(long.Parse(yaml.Split("n: ")[1].Split('\n')[0], CultureInfo.InvariantCulture));
        }

        return stored = numbers;
    }

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) => DatasetWriter.VersionsTold(chain, "pipeline.registered", "pipeline/written/", stored);
}

/// <summary>Starts runs of a pipeline, of which each has to succeed.</summary>
internal sealed class PipelineRunWriter : Writer
{
    private const int RunsPerListMax = 200;
    private Dictionary<string, long> stored = [];

    public override TimeSpan Pace => TimeSpan.FromSeconds(2);

    public override async Task PrepareAsync(Caller caller)
    {
        await caller.DoAsync("/api/v1/datasets/loaded/versions", "x\n1\n2\n"u8.ToArray());
        await caller.DoAsync("/api/v1/pipelines", Definition("started", 0));
    }

    /// <summary>One step of one attempt, and a param <c>n</c>.</summary>
    internal static byte[] Definition(string name, long number) => Encoding.UTF8.GetBytes($$"""
        name: {{name}}
        params:
          n: {{number}}
        steps:
          - name: load
            uses: dataset/load
            with:
              dataset: loaded
        """);

    protected override async Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        await caller.SendAsync("/api/v1/pipelines/started/runs", new { @params = new { n = number } }, idempotencyKey: key);

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller)
    {
        var runs = new List<JsonNode>();
        await Testing.Eventually.Async(
            async () => (runs = [.. (await caller.DoAsync($"/api/v1/pipelines/started/runs?limit={RunsPerListMax}")).AsArray().Select(r => r!)]).All(run => (string)run["status"]! is "succeeded" or "failed"),
            TimeSpan.FromSeconds(90),
            TestContext.Current.CancellationToken);
        Assert.True(runs.Count < RunsPerListMax, "More runs than a list shows.");
        Assert.All(runs, run => Assert.True((string)run["status"]! == "succeeded", run.ToJsonString()));
        stored = runs.ToDictionary(run => (string)run["pipelineRunId"]!, run => long.Parse(run["params"]!["n"]!.ToString(), CultureInfo.InvariantCulture));
        return [.. stored.Values.Order()];
    }

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain)
    {
        var ends = chain.Where(e => (string)e["action"]! == "pipeline-run.ended").Select(e => (string)e["subject"]!).ToHashSet();
        return [.. chain.Where(e => (string)e["action"]! == "pipeline-run.started" && ends.Contains((string)e["subject"]!))
            .Select(e => stored.GetValueOrDefault(((string)e["subject"]!)["pipeline-run/".Length..], -1))];
    }
}
