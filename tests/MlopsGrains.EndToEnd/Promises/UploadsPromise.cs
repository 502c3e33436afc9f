using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>Parts that were acknowledged are there and can be joined; of an upload that was cut off nothing is visible.</summary>
internal sealed class UploadsPromise(Installation installation) : IPromise, IDisposable
{
    private const string Mpu = "/api/2.0/mlflow-artifacts/mpu/";
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts";

    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 / 7))];

    private readonly List<TcpClient> cut = [];
    private readonly List<object> parts = [];
    private string root = "";
    private JsonNode upload = new JsonObject();

    public async Task GiveAsync(Caller caller)
    {
        var experiment = await caller.NewExperimentAsync("uploads");
        root = $"{experiment}/{await caller.NewRunAsync(experiment)}/artifacts";
        await caller.DoAsync($"{Artifacts}/{root}/whole", Bytes, HttpMethod.Put);
        upload = await BeginAsync(caller, "joined before");
        await JoinAsync(caller, "joined before", [await PutPartAsync(caller, 1), await PutPartAsync(caller, 2), await PutPartAsync(caller, 3)]);
        upload = await BeginAsync(caller, "parts");
        parts.Add(await PutPartAsync(caller, 1));
        parts.Add(await PutPartAsync(caller, 2));
        await SendHalfAsync(caller, new Uri(UrlOf(3)).PathAndQuery, 1);
        await SendHalfAsync(caller, $"{Artifacts}/{root}/half", 2);
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        Assert.Equal(["joined before", "whole"], await ListAsync(caller));
        Assert.Equal(HttpStatusCode.NotFound, (await caller.SendAsync($"{Artifacts}/{root}/half")).Status);
        var refused = await caller.SendAsync($"{Mpu}complete/{root}", new { path = "parts", upload_id = (string)upload["upload_id"]!, parts = parts.Append(new { part_number = 3, etag = new string('0', 64) }) });
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("Part 3", refused.Body, StringComparison.Ordinal);

        parts.Add(await PutPartAsync(caller, 3));
        await JoinAsync(caller, "parts", parts);
        await caller.DoAsync($"{Artifacts}/{root}/half", Bytes, HttpMethod.Put);
        foreach (var file in (string[])["half", "joined before", "parts", "whole"])
        {
            Assert.Equal(Bytes, await caller.BytesAsync($"{Artifacts}/{root}/{file}"));
        }
    }

    public void Dispose() => cut.ForEach(c => c.Dispose());

    private async Task<JsonNode> BeginAsync(Caller caller, string path) => await caller.DoAsync($"{Mpu}create/{root}", new { path, num_parts = 3 });

    private async Task JoinAsync(Caller caller, string path, IReadOnlyList<object> all) =>
        await caller.DoAsync($"{Mpu}complete/{root}", new { path, upload_id = (string)upload["upload_id"]!, parts = all });

    private async Task<object> PutPartAsync(Caller caller, int number)
    {
        using var content = new ByteArrayContent(Bytes, (number - 1) * 100_000, 100_000);
        using var answer = await caller.Http.PutAsync(new Uri(UrlOf(number)), content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new { part_number = number, etag = answer.Headers.ETag!.Tag };
    }

    /// <summary>Leaves an upload half way: some bytes of it lie on the server's disk.</summary>
    private async Task SendHalfAsync(Caller caller, string target, int halves)
    {
        var client = new TcpClient();
        cut.Add(client);
        await client.ConnectAsync(caller.Address.Host, caller.Address.Port);
        var head = $"PUT {target} HTTP/1.1\r\nHost: {caller.Address.Authority}\r\nAuthorization: {caller.Http.DefaultRequestHeaders.Authorization}\r\nContent-Length: 100000\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        await client.GetStream().WriteAsync(Bytes.AsMemory(200_000, 50_000));
        await Testing.Eventually.Async(() => Directory.EnumerateFiles(Path.Combine(installation.Blobs, "tmp"), "*.part").Count(f => new FileInfo(f).Length == 50_000) == halves);
    }

    private string UrlOf(int part) => (string)upload["credentials"]!.AsArray().Single(c => (int)c!["part_number"]! == part)!["url"]!;

    private async Task<IEnumerable<string>> ListAsync(Caller caller) =>
        (await caller.DoAsync($"{Artifacts}?path={root}"))["files"]!.AsArray().Select(f => (string)f!["path"]!).Order(StringComparer.Ordinal);
}
