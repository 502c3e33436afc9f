using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>A pipeline of three steps, each with one attempt, that trains a model within seconds.</summary>
internal sealed class SmallPipeline
{
    private readonly Caller caller;

    private SmallPipeline(Caller caller) => this.caller = caller;

    public static async Task<SmallPipeline> DefineAsync(Caller caller)
    {
        var table = "x,kind\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{(i % 7 < 3 ? "a" : "b")}\n"));
        using var stored = await caller.Http.PostAsync(new Uri("/api/v1/datasets/small/versions", UriKind.Relative), new StringContent(table), TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode);
        await caller.DoAsync("/api/v1/pipelines", Encoding.UTF8.GetBytes("""
            name: small
            steps:
              - {name: load, uses: dataset/load, with: {dataset: small}}
              - {name: split, uses: data/split, with: {data: "${steps.load.outputs.digest}", test: 0.25, seed: 1}}
              - {name: train, uses: model/train, timeout: 2m, with: {experiment: small, trainer: fast-tree, task: binary, label: kind, positive: a, seed: 1, train: "${steps.split.outputs.train}"}}
            """));
        return new SmallPipeline(caller);
    }

    /// <summary>The id of a new run. One that was not answered is asked for again.</summary>
    public async Task<string> StartAsync()
    {
        var body = "";
        await Eventually.Async(
            async () =>
            {
                (var status, body) = await caller.SendAsync("/api/v1/pipelines/small/runs", new { });
                return status is System.Net.HttpStatusCode.Created or System.Net.HttpStatusCode.OK or System.Net.HttpStatusCode.Accepted;
            },
            TimeSpan.FromSeconds(60),
            TestContext.Current.CancellationToken);
        return (string)JsonNode.Parse(body)!["pipelineRunId"]!;
    }

    /// <summary>As it is; <see langword="null"/> while nobody can say.</summary>
    public async Task<JsonNode?> FindAsync(string run)
    {
        var (status, body) = await caller.SendAsync("/api/v1/pipeline-runs/" + run);
        return status == System.Net.HttpStatusCode.OK ? JsonNode.Parse(body) : null;
    }

    public async Task SucceedsAsync(string run, TimeSpan within)
    {
        await Eventually.Async(async () => (string?)(await FindAsync(run))?["status"] is "succeeded" or "failed", within, TestContext.Current.CancellationToken);
        var ended = (await FindAsync(run))!;
        Assert.True((string)ended["status"]! == "succeeded", ended.ToJsonString());
    }
}
