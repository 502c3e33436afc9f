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

    private readonly MlflowCaller _mlflow = new(server.Http);

    [Fact]
    public async Task Proxy_StoresListsServesAndRemovesFiles()
    {
        var root = await RootAsync(_mlflow, await _mlflow.NewRunAsync());
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

        await _mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/none", null, 404, "RESOURCE_DOES_NOT_EXIST");
        await _mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/dir", null, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.DeleteAsync($"{Proxy}/{root}/dir", TestContext.Current.CancellationToken)).StatusCode);
        await _mlflow.RefusedAsync($"/mlflow-artifacts/artifacts/{root}/dir/sub/c", null, 404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public async Task ClimbingPath_IsRefused_ByEveryArtifactDoor_AndLeavesNothing()
    {
        var id = await _mlflow.NewRunAsync();
        var root = await RootAsync(_mlflow, id);
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

        Assert.Null((await _mlflow.DoAsync("/mlflow/artifacts/list?run_id=" + id))["files"]);
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

    private static async Task<string> RootAsync(MlflowCaller mlflow, string run) =>
        ((string)(await mlflow.RunAsync(run))["info"]!["artifact_uri"]!)["mlflow-artifacts:/".Length..];

    private async Task<string> ListAsync(string path) => (await _mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(path))).ToJsonString();
}
