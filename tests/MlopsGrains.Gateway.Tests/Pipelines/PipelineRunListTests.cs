using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Pipelines;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Pipelines;

/// <summary>Runs over all pipelines, their attempts, their events, and the versions of definitions.</summary>
public sealed class PipelineRunListTests(ServerFixture server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_OfSeveralPipelines_ComeNewestFirst_PageByPage_AndByStatus()
    {
        using var client = Client();
        var (one, two) = (await DefineAsync(client, 1), await DefineAsync(client, 10));
        var started = new List<string>();
        foreach (var name in (string[])[one, two, one, two, one])
        {
            started.Add((await client.Pipelines.StartAsync(name, cancellationToken: Token)).PipelineRunId);
        }

        foreach (var id in ((int[])[0, 2, 4]).Select(i => started[i]))
        {
            await client.Pipelines.WaitAsync(id, TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50), cancellationToken: Token);
        }

        var ours = new List<string>();
        string? token = null;
        do
        {
            var page = await client.Pipelines.ListRunsPageAsync(limit: 2, pageToken: token, cancellationToken: Token);
            Assert.InRange(page.Items.Count, 0, 2);
            ours.AddRange(page.Items.Where(r => r.Pipeline == one || r.Pipeline == two).Select(r => r.PipelineRunId));
            token = page.NextPageToken;
        }
        while (token is not null && ours.Count < 5);
        Assert.Equal(Enumerable.Reverse(started), ours);
        Assert.Equal([started[4], started[2], started[0]], (await client.Pipelines.ListRunsPageAsync(one, PipelineRunStatus.Failed, cancellationToken: Token)).Items.Select(r => r.PipelineRunId));
        Assert.Empty((await client.Pipelines.ListRunsPageAsync(one, PipelineRunStatus.Running, cancellationToken: Token)).Items);
        Assert.Equal([started[3], started[1]], (await client.Pipelines.ListRunsPageAsync(two, PipelineRunStatus.Running, cancellationToken: Token)).Items.Select(r => r.PipelineRunId));
        Assert.Equal([started[3]], (await client.Pipelines.FindRunsAsync(started[3], cancellationToken: Token)).Select(r => r.PipelineRunId));
        await client.Pipelines.CancelAsync(started[1], "seen", Token);
        await client.Pipelines.CancelAsync(started[3], "seen", Token);
    }

    [Fact]
    public async Task AStep_TellsItsAttempts_WithWorkerCauseAndQueue()
    {
        using var client = Client();
        var run = await client.Pipelines.StartAsync(await DefineAsync(client, 2), cancellationToken: Token);

        var step = (await client.Pipelines.WaitAsync(run.PipelineRunId, TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50), cancellationToken: Token)).Steps[0];

        Assert.Equal((2, run.StartedAt), (step.AttemptsMax, step.ReadyAt));
        Assert.Equal([AttemptOutcome.Failed, AttemptOutcome.Failed], step.Attempts!.Select(a => a.Outcome));
        Assert.All(step.Attempts!, a => Assert.True(a.Worker.Length > 0 && a.EndedAt >= a.StartedAt && a.Error!.Contains("no-such-dataset", StringComparison.Ordinal)));
        Assert.True(step.Attempts![0].RetryAt > step.Attempts[0].EndedAt && step.Attempts[1].RetryAt is null);
        Assert.Contains("no-such-dataset", step.With, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_BeginWithTheWholeRun_AndTellWhatIsStored_UntilItsEnd()
    {
        using var client = Client();
        var run = await client.Pipelines.StartAsync(await DefineAsync(client, 10), cancellationToken: Token);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        enough.CancelAfter(TimeSpan.FromSeconds(60));

        var events = new List<PipelineRunEvent>();
        await foreach (var e in client.Pipelines.WatchRunAsync(run.PipelineRunId, cancellationToken: enough.Token))
        {
            events.Add(e);
            if (events.Count == 1)
            {
                await client.Pipelines.CancelAsync(run.PipelineRunId, "enough", Token);
            }

            if (e.Change?.EndedAt is not null)
            {
                break;
            }
        }

        Assert.Equal(run.PipelineRunId, events[0].Reset!.PipelineRunId);
        Assert.All(events.Skip(1), e => Assert.Null(e.Reset));
        Assert.Equal((PipelineRunStatus.Cancelled, "enough"), (events[^1].Change!.Status, events[^1].Change!.Reason));
        Assert.Contains(events.Skip(1).SelectMany(e => e.Change!.Steps), s => s.EndedAt is not null);
        Assert.Equal(events.Select(e => e.Version).Order(), events.Select(e => e.Version));
    }

    [Fact]
    public async Task Definitions_TellTheirParamsStepsAndVersions()
    {
        using var client = Client();
        var name = await DefineAsync(client, 1);
        await client.Pipelines.RegisterAsync($"name: {name}\ndescription: Two.\nparams: {{n: 0.50, t: false, s: a}}\nsteps: [{{name: a, uses: dataset/load, matrix: {{k: [x, y]}}, with: {{dataset: d}}}}, {{name: b, uses: dataset/load, needs: a, with: {{dataset: d}}}}]", Token);

        var outline = (await client.Pipelines.GetAsync(name, cancellationToken: Token)).Outline!;
        var first = await client.Pipelines.ListVersionsPageAsync(name, 1, cancellationToken: Token);
        var second = await client.Pipelines.ListVersionsPageAsync(name, 1, first.NextPageToken, Token);

        Assert.Equal("Two.", outline.Description);
        Assert.Equal([("n", ParamType.Number, "0.50"), ("t", ParamType.Boolean, "false"), ("s", ParamType.Text, "a")], outline.Params.Select(p => (p.Name, p.Type, p.Default)));
        Assert.Equal([("a@x", ""), ("a@y", ""), ("b", "a@x a@y")], outline.Steps.Select(s => (s.Name, string.Join(' ', s.Needs))));
        Assert.Equal([2, 1], first.Items.Concat(second.Items).Select(v => v.Version));
        Assert.Null(second.NextPageToken);
    }

    [Theory]
    [InlineData("status=late", "status", "status is 'late'; expected one of running, succeeded, failed, rejected, cancelled.")]
    [InlineData("status=1", "status", "status is '1'; expected one of running, succeeded, failed, rejected, cancelled.")]
    [InlineData("idPrefix=xyz1", "idPrefix", "idPrefix must be 4 to 32 lower-case hex digits.")]
    [InlineData("limit=201", "limit", null)]
    [InlineData("pageToken=abc", "pageToken", null)]
    public async Task AWrongQuery_IsToldByItsField(string query, string field, string? message)
    {
        var answer = await server.Http.GetAsync("/api/v1/pipeline-runs?" + query, Token);

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.StatusCode, problem.GetProperty("field").GetString()));
        Assert.Equal(message ?? problem.GetProperty("detail").GetString(), problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("/api/v1/pipeline-runs?pipeline=none")]
    [InlineData("/api/v1/pipelines/none/versions")]
    [InlineData("/api/v1/pipeline-runs/00000000000000000000000000000000/events")]
    public async Task WhatIsNotThere_Is404(string path) => Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(path, Token)).StatusCode);

    private MlopsGrainsClient Client() => MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });

    /// <summary>A pipeline of one step that cannot succeed.</summary>
    private static async Task<string> DefineAsync(MlopsGrainsClient client, int attempts)
    {
        var name = $"list-{Guid.NewGuid():N}";
        await client.Pipelines.RegisterAsync($"name: {name}\nsteps: [{{name: a, uses: dataset/load, retry: {{attempts: {attempts}}}, with: {{dataset: no-such-dataset}}}}]", Token);
        return name;
    }
}
