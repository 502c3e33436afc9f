using System.Net;
using System.Text.Json.Nodes;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>A stored piece of a metric's history that the disk has spoiled.</summary>
public sealed class DamagedChunkTests
{
    private const int Points = 20_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DamagedChunk_IsNamed_AndTheRestOfTheRunIsRead(bool cut)
    {
        using var directory = new TempDirectory();
        string run;
        await using (var app = await ServerFixture.StartAsync(directory.Path))
        {
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            var mlflow = new MlflowCaller(http);
            run = await mlflow.NewRunAsync();
            foreach (var key in (string[])["loss", "acc"])
            {
                foreach (var steps in Enumerable.Range(0, Points).Chunk(1000))
                {
                    await mlflow.DoAsync("/mlflow/runs/log-batch", new { run_id = run, metrics = steps.Select(step => new { key, value = Math.Sin(step), timestamp = 1000 + step, step }) });
                }
            }

            await mlflow.DoAsync("/mlflow/runs/update", new { run_id = run, status = "FINISHED", end_time = 1 });
            await mlflow.DoAsync("/mlflow/runs/set-tag", new { run_id = run, key = "behind the snapshot", value = "" });
            await app.StopAsync(Token);
        }

        await Damage(directory, $"run/{run}", "loss", cut);
        await using (var app = await ServerFixture.StartAsync(directory.Path))
        {
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            var (status, problem) = await GetAsync(http, $"/api/v1/runs/{run}/metrics/loss/history?points=50");
            Assert.Equal((HttpStatusCode.InternalServerError, "dataLoss"), (status, (string?)problem["kind"]));
            Assert.Contains($"chunk 0 of stream 'run/{run}' is damaged", (string)problem["detail"]!, StringComparison.Ordinal);
            Assert.Contains("metric 'loss', steps 0–", (string)problem["detail"]!, StringComparison.Ordinal);
            (status, problem) = await GetAsync(http, $"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss");
            Assert.Equal((HttpStatusCode.InternalServerError, "DATA_LOSS"), (status, (string?)problem["error_code"]));

            Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, $"/api/v1/runs/{run}/metrics/loss/history?points=50&startStep={Points - 100}")).Status);
            var whole = await GetAsync(http, $"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=acc&max_results={Points}");
            Assert.Equal(Points, whole.Body["metrics"]!.AsArray().Count);
            var mlflow = new MlflowCaller(http);
            Assert.Equal(2, (await mlflow.RunAsync(run))["data"]!["metrics"]!.AsArray().Count);
            await mlflow.DoAsync("/mlflow/runs/log-metric", new { run_id = run, key = "loss", value = 1, timestamp = 1_000_000, step = Points });
            await app.StopAsync(Token);
        }
    }

    /// <summary>Chunks are written with a newer snapshot only: the old one again, in the place of the tag behind it.</summary>
    private static async Task Damage(TempDirectory directory, string stream, string series, bool cut)
    {
        await using var store = await SqliteStore.OpenAsync(new() { Path = directory.File("mlops.db") }, Token);
        var slice = await store.ReadAsync(stream, Token);
        Assert.Single(slice.Entries);
        var chunk = (await store.ReadChunksAsync(stream, series, 0, 1, Token))[0].ToArray();
        chunk[^1] ^= 1;
        await store.WriteSnapshotAsync(stream, slice.Version, slice.Snapshot!.Value, [new SeriesChunk(series, 0, cut ? chunk.AsMemory(0, 3) : chunk)], Token);
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> GetAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!);
    }
}
