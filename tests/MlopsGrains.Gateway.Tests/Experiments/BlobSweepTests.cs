using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Governance;
using MlopsGrains.Models;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>In a platform of its own, so that its files and marks can be made older.</summary>
public sealed class BlobSweepTests : IAsyncLifetime
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    private readonly TempDirectory directory = new();
    private WebApplication app = null!;
    private HttpClient http = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => StartAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Bytes_OfTwoRuns_GoAGraceAfterTheSecond()
    {
        var (first, second) = (await NewRun(), await NewRun());
        var digest = await Put(first, "shared");
        await Put(second, "shared");
        await Delete(first);
        Assert.Equal((0, 0), await Gc());
        await Pass(Grace);
        Assert.Equal((0, 0), await Gc());
        Assert.Equal("shared", await http.GetStringAsync($"/api/v1/runs/{second}/artifacts/f", Token));

        await Delete(second);
        await Pass(Grace);
        Assert.Equal((0, 1), await Gc());
        Assert.True(File.Exists(FileOf(digest)));
        await Pass(Grace - TimeSpan.FromMinutes(1));
        Assert.Equal((0, 1), await Gc());
        await Pass(TimeSpan.FromMinutes(1));
        var dry = await GcSteps(dryRun: true);
        Assert.Equal((0, 1), ((int)dry[^1]["blobsRemoved"]!, (int)dry[^1]["blobCandidates"]!));
        var steps = await GcSteps();

        Assert.Equal((1, 6), (steps.Sum(s => (int)s["blobsRemoved"]!), steps.Sum(s => (int)s["blobBytesFreed"]!)));
        Assert.False(File.Exists(FileOf(digest)));
        Assert.Equal(HttpStatusCode.NotFound, await Status($"/api/v1/blobs/{digest}"));
        Assert.Equal(HttpStatusCode.NotFound, await Status($"/api/v1/runs/{second}/artifacts/f"));
        Assert.Equal((0, 0), await Gc());
        var told = Assert.Single((await Grain<IAuditChainGrain>(IAuditChainGrain.Main).Read(0, 1000, Token)).Items, e => e.Action == "retention.blobs-removed");
        Assert.Equal(("1", "6"), (told.Detail["blobs"], told.Detail["bytes"]));
    }

    [Fact]
    public async Task Candidate_StoredOpenedOrNamedAgain_Stays()
    {
        var run = await NewRun();
        string[] texts = ["stored", "opened", "named", "gone"];
        var files = new List<string>();
        foreach (var text in texts)
        {
            files.Add(FileOf(await Post(text)));
        }

        Assert.Equal((0, 4), await Gc());
        await Pass(Grace);
        await Post("stored");
        await http.GetStringAsync("/api/v1/blobs/" + DigestOf(files[1]), Token);
        await Put(run, "named");

        Assert.Equal((1, 0), await Gc());

        Assert.Equal([true, true, true, false], files.Select(File.Exists));
    }

    [Fact]
    public async Task Bytes_OfADatasetAModelAndADefinition_OutliveTheRun()
    {
        var run = await NewRun();
        const string Csv = "a,b\n1,2\n3,4\n5,6\n";
        var data = await Put(run, Csv, "d");
        var model = await Put(run, "a model", "m");
        var literal = await Put(run, "a,b\n7,8\n", "l");
        await Put(run, "nobody's", "n");
        await Send(HttpMethod.Post, "/api/v1/datasets/kept/versions", new StringContent(Csv, Encoding.UTF8, "text/csv"));
        ModelSignature signature = new([new TensorSpec("x", "FP32", [-1, 1])], [new TensorSpec("score", "FP32", [-1, 1])]);
        await Grain<IRegisteredModelGrain>("kept").AddVersion(
            new NewModelVersion("mlnet", new BlobRef(model, 7), signature, new ModelLineage(), new Dictionary<string, double>()), Token);
        await Send(HttpMethod.Post, "/api/v1/pipelines", new StringContent(
            $"name: kept\nsteps: [{{name: check, uses: data/validate, with: {{data: '{literal}', expectations: [{{row_count_between: [1, null]}}]}}}}]", Encoding.UTF8, "application/yaml"));
        await Delete(run);

        Assert.Equal((0, 1), await Gc());
        await Pass(Grace);
        Assert.Equal((1, 0), await Gc());

        Assert.All((string[])[data, model, literal], digest => Assert.True(File.Exists(FileOf(digest))));
        Assert.Equal(Csv, await http.GetStringAsync("/api/v1/datasets/kept/versions/1/content", Token));
    }

    [Fact]
    public async Task Steps_RemoveAFewBlobsEach_AndTellEach()
    {
        for (var i = 0; i < 5; i++)
        {
            await Post($"orphan {i}");
        }

        await Gc();
        await Pass(Grace, blobsPerStep: 2);

        var steps = await GcSteps();

        Assert.Equal([2, 2, 1], steps.Select(s => (int)s["blobsRemoved"]!).Where(n => n > 0));
        Assert.Equal(3, (await Grain<IAuditChainGrain>(IAuditChainGrain.Main).Read(0, 1000, Token)).Items.Count(e => e.Action == "retention.blobs-removed"));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(directory.Path, "blobs"), "*", SearchOption.AllDirectories), file => Path.GetExtension(file) is not (".mark" or ".tally"));
    }

    [Fact]
    public async Task Removal_CutOffBetweenSteps_GoesOnAfterARestart()
    {
        for (var i = 0; i < 3; i++)
        {
            await Post($"orphan {i}");
        }

        await Gc();
        await Pass(Grace, blobsPerStep: 1);
        var step = await GcStep("blobs");
        Assert.Equal((1, "blobs"), ((int)step["blobsRemoved"]!, (string?)step["nextPageToken"]));
        await Pass(TimeSpan.Zero, blobsPerStep: 1);

        Assert.Equal((2, 0), await Gc());
    }

    private async ValueTask StartAsync(int blobsPerStep = 1000)
    {
        app = await ServerFixture.StartAsync(directory.Path, builder => builder.Configuration["Retention:BlobsPerStep"] = $"{blobsPerStep}");
        http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    /// <summary>Restarts the platform with files and marks that are older by so much: a silo does not bear a clock that jumps.</summary>
    private async Task Pass(TimeSpan time, int blobsPerStep = 1000)
    {
        await StopAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(directory.Path, "blobs"), "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file) - time);
        }

        await using (var store = await SqliteStore.OpenAsync(new() { Path = Path.Combine(directory.Path, "mlops.db") }, Token))
        {
            var record = (await store.ReadAsync("blob-sweep", "blob-sweep/0", Token))!;
            var document = JsonNode.Parse(record.Payload!.Value.Span)!.AsObject();
            foreach (var (name, value) in document.Where(p => p.Key.EndsWith("At", StringComparison.Ordinal) || p.Key.EndsWith("Since", StringComparison.Ordinal)).ToList())
            {
                var then = (DateTimeOffset)value!;
                document[name] = then == default ? then : then - time;
            }

            Assert.NotNull(await store.WriteAsync("blob-sweep", "blob-sweep/0", record.Version, Encoding.UTF8.GetBytes(document.ToJsonString()), [], Token));
        }

        await StartAsync(blobsPerStep);
    }

    private async Task StopAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private T Grain<T>(string key)
        where T : IGrainWithStringKey => app.Services.GetRequiredService<IGrainFactory>().GetGrain<T>(key);

    private async Task<string> NewRun() => (string)(await Json(HttpMethod.Post, "/api/v1/runs", """{"experimentId":"0"}"""))["info"]!["runId"]!;

    private async Task<string> Put(string run, string text, string path = "f") =>
        (string)JsonNode.Parse(await Send(HttpMethod.Put, $"/api/v1/runs/{run}/artifacts/{path}", new StringContent(text)))!["digest"]!;

    private async Task<string> Post(string text) => (string)JsonNode.Parse(await Send(HttpMethod.Post, "/api/v1/blobs", new StringContent(text)))!["digest"]!;

    private async Task Delete(string run) => await Json(HttpMethod.Post, "/api/2.0/mlflow/runs/delete", $$"""{"run_id":"{{run}}"}""");

    /// <summary>Removed, and candidates after.</summary>
    private async Task<(int Removed, int Candidates)> Gc()
    {
        var steps = await GcSteps();
        return (steps.Sum(s => (int)s["blobsRemoved"]!), (int)steps[^1]["blobCandidates"]!);
    }

    private async Task<List<JsonNode>> GcSteps(bool dryRun = false)
    {
        var steps = new List<JsonNode>();
        string? token = null;
        do
        {
            steps.Add(await GcStep(token, dryRun));
            token = (string?)steps[^1]["nextPageToken"];
        }
        while (token is not null);

        return steps;
    }

    private Task<JsonNode> GcStep(string? token, bool dryRun = false) =>
        Json(HttpMethod.Post, "/api/v1/retention/gc", new JsonObject { ["deletedForSeconds"] = 0, ["dryRun"] = dryRun, ["pageToken"] = token }.ToJsonString());

    private async Task<JsonNode> Json(HttpMethod method, string path, string body) => JsonNode.Parse(await Send(method, path, new StringContent(body, Encoding.UTF8, "application/json")))!;

    private async Task<string> Send(HttpMethod method, string path, HttpContent content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await http.SendAsync(request, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return text;
    }

    private async Task<HttpStatusCode> Status(string path)
    {
        using var answer = await http.GetAsync(path, Token);
        return answer.StatusCode;
    }

    private string FileOf(string digest) => Path.Combine(directory.Path, "blobs", digest[..2], digest[2..]);

    private static string DigestOf(string file) => Path.GetFileName(Path.GetDirectoryName(file)) + Path.GetFileName(file);
}
