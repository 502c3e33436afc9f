using System.Net;
using System.Security.Cryptography;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Uploads in parts, as the clients do them for large files.</summary>
public sealed class MultipartUploadTests(ServerFixture server)
{
    private const string Mpu = "/mlflow-artifacts/mpu";

    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task File_AppearsWhole_WhenItsPartsAreJoined_InWhateverOrderTheyCame()
    {
        var root = await RootAsync();
        var bytes = RandomNumberGenerator.GetBytes(250_000);
        var upload = await BeginAsync(root + "/sub dir", "/home/me/b%20.bin", 3);
        Assert.Equal([1, 2, 3], upload.Urls.Keys);
        Assert.All(upload.Urls.Values, url => Assert.StartsWith(server.BaseAddress.ToString(), url, StringComparison.Ordinal));

        await PutAsync(upload.Urls[2], [9]);
        var parts = new List<object>();
        foreach (var number in new[] { 3, 1, 2 })
        {
            parts.Add(new { part_number = number, etag = await PutAsync(upload.Urls[number], bytes[((number - 1) * 100_000)..Math.Min(bytes.Length, number * 100_000)]), url = upload.Urls[number] });
        }

        Assert.Equal("{}", await ListAsync(root));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("{}", (await this.mlflow.DoAsync($"{Mpu}/complete/{root}/sub%20dir", new { path = "b%20.bin", upload_id = upload.Id, parts })).ToJsonString());
        }

        Assert.Equal("""{"files":[{"path":"b%20.bin","is_dir":false,"file_size":250000}]}""", await ListAsync(root + "/sub dir"));
        Assert.Equal(bytes, await server.Http.GetByteArrayAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/sub%20dir/b%2520.bin", TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotFound, (await SendPartAsync(upload.Urls[1], [1])).StatusCode);
    }

    [Fact]
    public async Task AbortedUpload_LeavesNothing_AndTakesNothingMore()
    {
        var root = await RootAsync();
        var upload = await BeginAsync(root, "f", 1);
        var etag = await PutAsync(upload.Urls[1], [1, 2]);

        await this.mlflow.DoAsync($"{Mpu}/abort/{root}", new { path = "f", upload_id = upload.Id });
        await this.mlflow.DoAsync($"{Mpu}/abort/{root}", new { path = "f", upload_id = upload.Id });

        Assert.Equal(HttpStatusCode.NotFound, (await SendPartAsync(upload.Urls[1], [1])).StatusCode);
        await this.mlflow.RefusedAsync($"{Mpu}/complete/{root}", new { path = "f", upload_id = upload.Id, parts = new[] { new { part_number = 1, etag } } }, 404, "RESOURCE_DOES_NOT_EXIST");
        Assert.Equal("{}", await ListAsync(root));
    }

    [Fact]
    public async Task WrongParts_AreRefused_AndTheRightOnesStillJoin()
    {
        var root = await RootAsync();
        var upload = await BeginAsync(root, "f", 2);
        var first = await PutAsync(upload.Urls[1], [1]);

        async Task Refused(object parts, string named) => Assert.Contains(
            named, await this.mlflow.RefusedAsync($"{Mpu}/complete/{root}", new { path = "f", upload_id = upload.Id, parts }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
        await Refused(Array.Empty<object>(), "parts");
        await Refused(new[] { new { part_number = 3, etag = first } }, "parts");
        await Refused(new[] { new { part_number = 0, etag = first } }, "parts[0].part_number");
        await Refused(new[] { new { part_number = 1, etag = "" } }, "parts[0].etag");
        await Refused(new[] { new { part_number = 1, etag = "abc" } }, "etag of part 1");
        await Refused(new[] { new { part_number = 1, etag = first }, new { part_number = 1, etag = first } }, "parts");
        await Refused(new[] { new { part_number = 1, etag = first }, new { part_number = 2, etag = first } }, "Part 2");
        await PutAsync(upload.Urls[2], [2]);
        await Refused(new[] { new { part_number = 1, etag = first }, new { part_number = 2, etag = first } }, "Part 2");
        Assert.Equal("{}", await ListAsync(root));

        await this.mlflow.DoAsync($"{Mpu}/complete/{root}", new { path = "f", upload_id = upload.Id, parts = new[] { new { part_number = 1, etag = first } } });
        Assert.Contains("\"file_size\":1", await ListAsync(root), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("key=", "key=x")]
    [InlineData("upload_id=", "upload_id=0")]
    [InlineData("/f?", "/g?")]
    public async Task Part_WithAnotherKeyIdOrPath_IsUnknown(string from, string to)
    {
        var upload = await BeginAsync(await RootAsync(), "f", 1);

        Assert.Equal(HttpStatusCode.NotFound, (await SendPartAsync(upload.Urls[1].Replace(from, to, StringComparison.Ordinal), [1])).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendPartAsync(upload.Urls[1].Replace("part_number=1", "part_number=2", StringComparison.Ordinal), [1])).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendPartAsync(upload.Urls[1].Replace("part_number=1", "part_number=x", StringComparison.Ordinal), [1])).StatusCode);
        await PutAsync(upload.Urls[1], [1]);
    }

    [Fact]
    public async Task BadBeginnings_AreRefused()
    {
        var root = await RootAsync();
        foreach (var (path, parts, named) in new[] { ("f", 0, "num_parts"), ("f", 10_001, "num_parts"), ("dir/", 1, "path"), ("..", 1, "path"), ("", 1, "path") })
        {
            Assert.Contains(named, await this.mlflow.RefusedAsync($"{Mpu}/create/{root}", new { path, num_parts = parts }, 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
        }

        Assert.Equal(10_000, (await BeginAsync(root, "f", 10_000)).Urls.Count);
        for (var i = 1; i < 100; i++)
        {
            await BeginAsync(root, "f", 1);
        }

        Assert.Contains("100", await this.mlflow.RefusedAsync($"{Mpu}/create/{root}", new { path = "f", num_parts = 1 }, 429, "REQUEST_LIMIT_EXCEEDED"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_TogetherAreLimited_AndSurviveARestart_AndCarryTheirOwnKey()
    {
        using var directory = new TempDirectory();
        const string Key = "a key of one's own";
        (string Id, Dictionary<int, string> Urls) upload;
        string root, first;
        void Configure(Microsoft.AspNetCore.Builder.WebApplicationBuilder b)
        {
            b.Configuration["Gateway:ArtifactBytesMax"] = "5000";
            b.Configuration["Gateway:PublicUrl"] = "https://ml.example.org/";
            b.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
            b.Configuration["Authentication:ApiKeys:0:KeySha256"] = Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Key)));
        }

        await using (var app = await ServerFixture.StartAsync(directory.Path, Configure))
        {
            using var http = Client(app);
            root = await RootAsync(new MlflowCaller(http));
            upload = await BeginAsync(root, "f", 3, new MlflowCaller(http));
            Assert.All(upload.Urls.Values, url => Assert.StartsWith("https://ml.example.org/api/2.0/", url, StringComparison.Ordinal));
            using var anybody = new HttpClient { BaseAddress = http.BaseAddress };
            first = await PutAsync(new Uri(upload.Urls[1]).PathAndQuery, new byte[3000], anybody);
            Assert.Equal(413, (int)(await SendPartAsync(new Uri(upload.Urls[2]).PathAndQuery, new byte[2001], anybody)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await anybody.GetAsync("/api/2.0/mlflow-artifacts/artifacts?path=" + root, TestContext.Current.CancellationToken)).StatusCode);
            await app.StopAsync(TestContext.Current.CancellationToken);
        }

        await using (var app = await ServerFixture.StartAsync(directory.Path, Configure))
        {
            using var http = Client(app);
            var second = await PutAsync(new Uri(upload.Urls[2]).PathAndQuery, new byte[2000], http);
            var parts = new[] { new { part_number = 1, etag = first }, new { part_number = 2, etag = second } };
            await new MlflowCaller(http).DoAsync($"{Mpu}/complete/{root}", new { path = "f", upload_id = upload.Id, parts });
            Assert.Equal(5000, (await http.GetByteArrayAsync($"/api/2.0/mlflow-artifacts/artifacts/{root}/f", TestContext.Current.CancellationToken)).Length);
            await app.StopAsync(TestContext.Current.CancellationToken);
        }

        HttpClient Client(Microsoft.AspNetCore.Builder.WebApplication app)
        {
            var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
            return http;
        }
    }

    [Fact]
    public async Task Presigned_IsNotSupported_SoThatClientsGetTheFileInstead() =>
        await this.mlflow.RefusedAsync("/mlflow-artifacts/presigned/1/r/artifacts/f", null, 501, "NOT_IMPLEMENTED");

    private static async Task<string> RootAsync(MlflowCaller mlflow) =>
        ((string)(await mlflow.RunAsync(await mlflow.NewRunAsync()))["info"]!["artifact_uri"]!)["mlflow-artifacts:/".Length..];

    private Task<string> RootAsync() => RootAsync(this.mlflow);

    private async Task<(string Id, Dictionary<int, string> Urls)> BeginAsync(string directory, string path, int parts, MlflowCaller? mlflow = null)
    {
        var begun = await (mlflow ?? this.mlflow).DoAsync($"{Mpu}/create/{Uri.EscapeDataString(directory).Replace("%2F", "/", StringComparison.Ordinal)}", new { path, num_parts = parts });
        return ((string)begun["upload_id"]!, begun["credentials"]!.AsArray().ToDictionary(c => (int)c!["part_number"]!, c => (string)c!["url"]!));
    }

    private async Task<string> PutAsync(string url, byte[] bytes, HttpClient? http = null)
    {
        using var answer = await SendPartAsync(url, bytes, http);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer.Headers.ETag!.Tag;
    }

    private Task<HttpResponseMessage> SendPartAsync(string url, byte[] bytes, HttpClient? http = null) =>
        (http ?? server.Http).PutAsync(url, new ByteArrayContent(bytes), TestContext.Current.CancellationToken);

    private async Task<string> ListAsync(string path) => (await this.mlflow.DoAsync("/mlflow-artifacts/artifacts?path=" + Uri.EscapeDataString(path))).ToJsonString();
}
