using System.Net;
using System.Text;
using System.Text.Json;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>The artifact proxy, and what it must never do.</summary>
public sealed class MlflowArtifactTests(ServerFixture server)
{
    private const string Proxy = "/api/2.0/mlflow-artifacts/artifacts";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task Proxy_StoresListsServesAndRemovesFiles()
    {
        var root = await RootAsync(this.mlflow, await this.mlflow.NewRunAsync());
        foreach (var (path, text) in new[] { ("a.txt", "0123456789"), ("dir/b%20100%25.bin", ""), ("dir/sub/c", "c"), ("a.txt", "9876543210") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"{Proxy}/{root}/{path}") { Content = new StringContent(text) };
            request.Headers.TransferEncodingChunked = text.Length > 5;
            Assert.Equal(HttpStatusCode.OK, (await server.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
        }

        Assert.Equal("""{"files":[{"path":"a.txt","is_dir":false,"file_size":10},{"path":"dir","is_dir":true}]}""", await ListAsync(root));
        Assert.Equal("""{"files":[{"path":"b 100%.bin","is_dir":false,"file_size":0},{"path":"sub","is_dir":true}]}""", await ListAsync(root + "/dir"));
        Assert.Equal("{}", await ListAsync(root + "/a.txt"));
        Assert.Equal("{}", await ListAsync(root + "/none"));

        var file = await server.Http.GetAsync($"{Proxy}/{root}/a.txt", TestContext.Current.CancellationToken);
        Assert.Equal("9876543210", await file.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition?.DispositionType);
        using var part = new HttpRequestMessage(HttpMethod.Get, $"{Proxy}/{root}/a.txt");
        part.Headers.Range = new(2, 4);
        var partial = await server.Http.SendAsync(part, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
        Assert.Equal("765", await partial.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        await this.mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/none", null, 404, "RESOURCE_DOES_NOT_EXIST");
        await this.mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/dir", null, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.DeleteAsync($"{Proxy}/{root}/dir", TestContext.Current.CancellationToken)).StatusCode);
        await this.mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/dir/sub/c", null, 404, "RESOURCE_DOES_NOT_EXIST");
    }

    /// <summary>What lies below a run's root, below a run and below an experiment is listed and removed like any directory.</summary>
    [Fact]
    public async Task DirectoriesAboveAndAtRoots_AreListedAndRemoved()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var runs = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            runs.Add(await this.mlflow.NewRunAsync(experiment));
        }

        var model = (string)(await this.mlflow.DoAsync("/mlflow/logged-models", new { experiment_id = experiment, name = "m" }))["model"]!["info"]!["model_id"]!;
        string[] roots = [.. runs.Select(r => $"{experiment}/{r}/artifacts"), $"{experiment}/models/{model}/artifacts"];
        foreach (var file in roots.SelectMany(r => new[] { r + "/a", r + "/d/b" }).Append(experiment + "/loose/c"))
        {
            await PutFileAsync(file);
        }

        Assert.Equal((string[])[.. runs.Append("models").Append("loose").Order(StringComparer.Ordinal)], await NamesAsync(experiment));
        Assert.Equal(["artifacts"], await NamesAsync($"{experiment}/{runs[0]}"));
        Assert.Equal([model], await NamesAsync($"{experiment}/models/"));
        Assert.Equal(["b"], await NamesAsync($"{roots[0]}/d/"));
        Assert.Empty(await NamesAsync($"{experiment}/{runs[0][..^1]}"));

        await DeleteAsync(roots[0]);
        Assert.Empty(await NamesAsync(roots[0]));
        Assert.Empty(await NamesAsync($"{experiment}/{runs[0]}"));
        await DeleteAsync($"{roots[1]}/d/");
        Assert.Equal(["a"], await NamesAsync(roots[1]));
        await DeleteAsync($"{experiment}/{runs[1]}");
        Assert.Empty(await NamesAsync(roots[1]));
        await DeleteAsync($"{experiment}/models/");
        Assert.Equal((string[])[.. new[] { "loose", runs[2] }.Order(StringComparer.Ordinal)], await NamesAsync(experiment));
        await DeleteAsync($"{experiment}/none");
        Assert.Equal(["a", "d"], await NamesAsync(roots[2]));
        await DeleteAsync(experiment);
        Assert.Empty(await NamesAsync(experiment));
        Assert.Empty(await NamesAsync(roots[2]));

        await PutFileAsync(roots[0] + "/again");
        Assert.Equal(["again"], await NamesAsync(roots[0]));
        foreach (var bad in new[] { "", "/", $"{experiment}//", "model-files", "model-files/x" })
        {
            Assert.Equal(400, (await RawHttp.SendAsync(server.BaseAddress, "DELETE", $"{Proxy}/{bad}")).Status);
        }
    }

    [Fact]
    public async Task MoreRootsThanOnePage_AreListedAndRemoved()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        string[] names = [.. Enumerable.Range(0, 1001).Select(i => $"r{i:D4}")];
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, _) => await PutFileAsync($"{experiment}/{name}/artifacts/f"));
        Assert.Equal(names, await NamesAsync(experiment));
        await DeleteAsync(experiment);
        Assert.Empty(await NamesAsync(experiment));
        Assert.Empty(await NamesAsync($"{experiment}/r1000/artifacts"));
    }

    [Fact]
    public async Task DirectoryWithASlashAtItsEnd_IsTheSame_ByEveryDoor()
    {
        var id = await this.mlflow.NewRunAsync();
        var model = (string)(await this.mlflow.DoAsync("/mlflow/logged-models", new { experiment_id = "0", name = "m" }))["model"]!["info"]!["model_id"]!;
        await PutFileAsync($"{await RootAsync(this.mlflow, id)}/dir/f");
        await PutFileAsync($"0/models/{model}/artifacts/dir/f");
        foreach (var slash in new[] { "", "/" })
        {
            foreach (var target in new[] { $"/mlflow/artifacts/list?run_id={id}&path=dir{slash}", $"/mlflow/logged-models/{model}/artifacts/directories?artifact_directory_path=dir{slash}" })
            {
                Assert.Equal("dir/f", (string?)(await this.mlflow.DoAsync(target))["files"]![0]!["path"]);
            }

            Assert.Contains("\"f\"", await server.Http.GetStringAsync($"/api/v1/runs/{id}/artifact-list?path=dir{slash}", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        foreach (var bad in new[] { "/", "dir//", "//" })
        {
            await this.mlflow.RefusedAsync($"/mlflow/artifacts/list?run_id={id}&path={bad}", null, 400, "INVALID_PARAMETER_VALUE");
        }
    }

    [Fact]
    public async Task ClimbingPath_IsRefused_ByEveryArtifactDoor_AndLeavesNothing()
    {
        var id = await this.mlflow.NewRunAsync();
        var root = await RootAsync(this.mlflow, id);
        string[] paths = ["..", "../x", "a/../../x", "%2e%2e/x", "..%2fx", "%252e%252e/x", "..\\x", "%5c..%5cx", "/etc/passwd", "%2fetc", "C:/x", "a//x", "a/%00"];
        foreach (var path in paths)
        {
            foreach (var target in new[] { $"{Proxy}/{root}/{path}", $"/api/v1/runs/{id}/artifacts/{path}" })
            {
                foreach (var method in new[] { "PUT", "GET" })
                {
                    var (status, _, _) = await RawHttp.SendAsync(server.BaseAddress, method, target, body: "x");
                    Assert.True(status is 400 || (path == "C:/x" && method == "GET" && status is 404), $"{method} {target}: {status}");
                }
            }

            foreach (var target in new[] { $"/get-artifact?run_id={id}&path={path}", $"/api/2.0/mlflow/artifacts/list?run_id={id}&path={path}", $"/api/v1/runs/{id}/artifact-list?path={path}" })
            {
                var (status, _, _) = await RawHttp.SendAsync(server.BaseAddress, "GET", target);
                Assert.True(status is 400, $"{target}: {status}");
            }
        }

        Assert.Null((await this.mlflow.DoAsync("/mlflow/artifacts/list?run_id=" + id))["files"]);
    }

    /// <summary>Wherever somebody might have put the link: names of artifacts are never names of files.</summary>
    [Fact]
    public async Task SymbolicLinkOnTheDisk_IsNotFollowed()
    {
        using var directory = new TempDirectory();
        using var outside = new TempDirectory();
        await File.WriteAllTextAsync(outside.File("secret"), "secret", TestContext.Current.CancellationToken);
        await using var app = await ServerFixture.StartAsync(directory.Path);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var mlflow = new MlflowCaller(http);
        var id = await mlflow.NewRunAsync();
        var root = await RootAsync(mlflow, id);
        foreach (var place in new[] { directory.Path, directory.File("blobs") })
        {
            Directory.CreateDirectory(Path.Combine(place, root));
            Directory.CreateSymbolicLink(Path.Combine(place, root, "linked"), outside.Path);
        }

        foreach (var target in new[] { $"{Proxy}/{root}/linked/secret", $"/api/v1/runs/{id}/artifacts/linked/secret" })
        {
            using var answer = await http.GetAsync(target, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        Assert.Null((await mlflow.DoAsync("/mlflow/artifacts/list?run_id=" + id))["files"]);
        using var theirs = new StringContent("theirs");
        Assert.Equal(HttpStatusCode.OK, (await http.PutAsync($"{Proxy}/{root}/linked/secret", theirs, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("theirs", await http.GetStringAsync($"{Proxy}/{root}/linked/secret", TestContext.Current.CancellationToken));
        Assert.Equal("secret", await File.ReadAllTextAsync(outside.File("secret"), TestContext.Current.CancellationToken));
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task OversizeBodies_AreRefused_NameTheirLimit_AndLeaveNothing()
    {
        using var directory = new TempDirectory();
        await using var app = await ServerFixture.StartAsync(directory.Path, b =>
        {
            b.Configuration["Gateway:JsonBodyBytesMax"] = "4000";
            b.Configuration["Gateway:ArtifactBytesMax"] = "5000";
        });
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var mlflow = new MlflowCaller(http);
        var id = await mlflow.NewRunAsync();
        var file = $"{Proxy}/{await RootAsync(mlflow, id)}/big";

        var (status, body) = await mlflow.PostAsync("/mlflow/runs/set-tag", JsonSerializer.Serialize(new { run_id = id, key = "k", value = new string('x', 4000) }));
        Assert.Equal(413, status);
        Assert.Contains("4000", (string)body["message"]!, StringComparison.Ordinal);

        foreach (var chunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, file) { Content = new StringContent(new string('x', 5001)) };
            request.Headers.TransferEncodingChunked = chunked;
            using var refused = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(413, (int)refused.StatusCode);
            Assert.Contains("at most 5000 bytes (Gateway:ArtifactBytesMax)", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Null((await mlflow.DoAsync("/mlflow/artifacts/list?run_id=" + id))["files"]);
        using var atLimit = new StringContent(new string('x', 5000), Encoding.UTF8);
        Assert.Equal(HttpStatusCode.OK, (await http.PutAsync(file, atLimit, TestContext.Current.CancellationToken)).StatusCode);
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("bytes=0-0", 206, "0")]
    [InlineData("bytes=7-", 206, "789")]
    [InlineData("bytes=-4", 206, "6789")]
    [InlineData("bytes=8-99", 206, "89")]
    [InlineData("bytes=10-", 416, null)]
    [InlineData("bytes=5-2", 200, "0123456789")]
    [InlineData("bytes=0-1,3-4", 200, "0123456789")]
    public async Task Range_GivesTheBytesAskedFor(string range, int status, string? bytes)
    {
        var file = await PutAsync("0123456789");
        using var request = new HttpRequestMessage(HttpMethod.Get, file);
        request.Headers.TryAddWithoutValidation("Range", range);
        using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
        if (bytes is not null)
        {
            Assert.Equal(bytes, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        else
        {
            Assert.Equal(10, answer.Content.Headers.ContentRange!.Length);
        }
    }

    [Fact]
    public async Task EntityTag_IsTheDigest_AndGuardsARange()
    {
        var file = await PutAsync("0123456789");
        using var whole = await server.Http.GetAsync(file, TestContext.Current.CancellationToken);
        var tag = whole.Headers.ETag!;
        Assert.Equal($"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("0123456789"u8))}\"", tag.Tag);

        async Task<int> StatusAsync(Action<System.Net.Http.Headers.HttpRequestHeaders> headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, file);
            headers(request.Headers);
            using var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return (int)answer.StatusCode;
        }

        Assert.Equal(206, await StatusAsync(h => (h.Range, h.IfRange) = (new(0, 1), new(tag))));
        Assert.Equal(200, await StatusAsync(h => (h.Range, h.IfRange) = (new(0, 1), new("\"other\""))));
        Assert.Equal(304, await StatusAsync(h => h.IfNoneMatch.Add(tag)));
    }

    [Fact]
    public async Task TwoUploadsToOnePath_OneWinsWhole()
    {
        var file = await PutAsync("");
        var contents = Enumerable.Range(0, 8).Select(i => new string((char)('a' + i), 300_000)).ToArray();
        var answers = await Task.WhenAll(contents.Select(c => server.Http.PutAsync(file, new StringContent(c), TestContext.Current.CancellationToken)));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Contains(await server.Http.GetStringAsync(file, TestContext.Current.CancellationToken), contents);
    }

    [Theory]
    [InlineData("Content-Length: 100000", "half of it", 0)]
    [InlineData("Content-Length: 4000000000", "x", 0)]
    [InlineData("Content-Length: 10000000000", "x", 413)]
    [InlineData("Transfer-Encoding: chunked", "5\r\nhello\r\nff\r\nhal", 0)]
    public async Task UploadCutInTheMiddle_LeavesNothing_AndAGoodOneAfterItWorks(string header, string sent, int answered)
    {
        var id = await this.mlflow.NewRunAsync();
        var target = $"{Proxy}/{await RootAsync(this.mlflow, id)}/cut.bin";
        using (var client = new System.Net.Sockets.TcpClient())
        {
            await client.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, TestContext.Current.CancellationToken);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT {target} HTTP/1.1\r\nHost: {server.BaseAddress.Authority}\r\n{header}\r\n\r\n{sent}"), TestContext.Current.CancellationToken);
            if (answered > 0)
            {
                // The head alone is refused; what was declared is never waited for.
                using var reader = new StreamReader(stream, leaveOpen: true);
                var answer = "";
                while (!answer.EndsWith('}') && await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                {
                    answer += line + (line.StartsWith('{') ? "" : "\n");
                }

                Assert.Contains($" {answered} ", answer, StringComparison.Ordinal);
                Assert.Contains("INVALID_PARAMETER_VALUE", answer, StringComparison.Ordinal);
                Assert.Contains("The body is too large; at most 5368709120 bytes", answer, StringComparison.Ordinal);
            }

            client.Client.LingerState = new System.Net.Sockets.LingerOption(true, 0);
        }

        Assert.Null((await this.mlflow.DoAsync("/mlflow/artifacts/list?run_id=" + id))["files"]);
        using var good = new StringContent("good");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PutAsync(target, good, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("good", await server.Http.GetStringAsync(target, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task UploadArtifact_TakesTenMebibytes_AndNoMore()
    {
        var id = await this.mlflow.NewRunAsync();
        var target = $"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={id}&path=notes/a.txt";
        foreach (var (bytes, status) in new[] { ((10 * 1024 * 1024) + 1, 400), (0, 400), (10 * 1024 * 1024, 200), (1, 200) })
        {
            using var content = new ByteArrayContent(new byte[bytes]);
            Assert.Equal(status, (int)(await server.Http.PostAsync(target, content, TestContext.Current.CancellationToken)).StatusCode);
        }

        Assert.Equal("""[{"path":"notes/a.txt","is_dir":false,"file_size":1}]""", (await this.mlflow.DoAsync($"/mlflow/artifacts/list?run_id={id}&path=notes"))["files"]!.ToJsonString());
        foreach (var query in new[] { "path=a", $"run_uuid={id}", $"run_uuid={id}&path=../a", $"run_uuid={id}&path=%2e%2e%2fa" })
        {
            Assert.Equal(400, (int)(await server.Http.PostAsync("/ajax-api/2.0/mlflow/upload-artifact?" + query, null, TestContext.Current.CancellationToken)).StatusCode);
        }
    }

    [Fact]
    public async Task FilesOfAModelVersion_AreServedAsText_OrAsBytes()
    {
        var id = await this.mlflow.NewRunAsync();
        var root = await RootAsync(this.mlflow, id);
        var name = "m-" + id;
        foreach (var file in new[] { "MLmodel", "model.bin" })
        {
            using var content = new StringContent("flavors: {}");
            Assert.Equal(HttpStatusCode.OK, (await server.Http.PutAsync($"{Proxy}/{root}/model/{file}", content, TestContext.Current.CancellationToken)).StatusCode);
        }

        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = $"mlflow-artifacts:/{root}/model", run_id = id });
        foreach (var (file, type) in new[] { ("MLmodel", "text/plain"), ("model.bin", "application/octet-stream") })
        {
            using var answer = await server.Http.GetAsync($"/model-versions/get-artifact?name={name}&version=1&path={file}", TestContext.Current.CancellationToken);
            Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        }

        foreach (var (query, status) in new[] { ($"name={name}&version=1&path=../f", 400), ($"name={name}&version=1&path=none", 404), ($"name={name}&version=2&path=f", 404), ($"name={name}&version=1", 400), ($"name={name}&version=x&path=f", 400) })
        {
            Assert.Equal(status, (int)(await server.Http.GetAsync("/model-versions/get-artifact?" + query, TestContext.Current.CancellationToken)).StatusCode);
        }
    }

    [Theory]
    [InlineData("/api/2.0")]
    [InlineData("/ajax-api/2.0")]
    public async Task DatasetsOfExperiments_AreListedOnce(string prefix)
    {
        var mlflow = new MlflowCaller(server.Http, prefix);
        var experiment = await mlflow.NewExperimentAsync();
        for (var i = 0; i < 2; i++)
        {
            var dataset = new { tags = new[] { new { key = "mlflow.data.context", value = "train" } }, dataset = new { name = "iris", digest = "d1", source_type = "local", source = "x" } };
            await mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = await mlflow.NewRunAsync(experiment), datasets = new[] { dataset } });
        }

        Assert.Equal(
            $$"""{"dataset_summaries":[{"experiment_id":"{{experiment}}","name":"iris","digest":"d1","context":"train"}]}""",
            (await mlflow.DoAsync("/mlflow/experiments/search-datasets", new { experiment_ids = new[] { experiment } })).ToJsonString());
        Assert.Equal("{}", (await mlflow.DoAsync("/mlflow/experiments/search-datasets", new { experiment_ids = new[] { await mlflow.NewExperimentAsync() } })).ToJsonString());
        foreach (var ids in new string[][] { [], [.. Enumerable.Range(1, 21).Select(i => $"{i}")], ["x"] })
        {
            Assert.Contains("experiment_ids", await mlflow.RefusedAsync("/mlflow/experiments/search-datasets", new { experiment_ids = ids }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
        }
    }

    private async Task<string> PutAsync(string text) => await PutFileAsync($"{await RootAsync(this.mlflow, await this.mlflow.NewRunAsync())}/f.txt", text);

    /// <summary>Answers the file's address.</summary>
    private async Task<string> PutFileAsync(string path, string text = "x")
    {
        using var content = new StringContent(text);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PutAsync($"{Proxy}/{path}", content, TestContext.Current.CancellationToken)).StatusCode);
        return $"{Proxy}/{path}";
    }

    private async Task DeleteAsync(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await server.Http.DeleteAsync($"{Proxy}/{path}", TestContext.Current.CancellationToken)).StatusCode);

    private async Task<string[]> NamesAsync(string path) =>
        [.. (await this.mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(path)))["files"]?.AsArray().Select(f => (string)f!["path"]!) ?? []];

    private static async Task<string> RootAsync(MlflowCaller mlflow, string run) =>
        ((string)(await mlflow.RunAsync(run))["info"]!["artifact_uri"]!)["mlflow-artifacts:/".Length..];

    private async Task<string> ListAsync(string path) => (await this.mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(path))).ToJsonString();
}
