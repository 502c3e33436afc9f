using System.Net;
using System.Text;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Operation;

/// <summary>A disk without room, on a server that goes on.</summary>
public sealed class NoRoomTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Every kind of thing says the same: not now, and when to come again.</summary>
    [Fact]
    public async Task FullDisk_Is503AtEveryDoor_AndHealthSaysSo_UntilThereIsRoomAgain()
    {
        using var disk = new SmallDisk(48);
        await using var app = await ServerFixture.StartAsync(disk.Path);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health", Token)).StatusCode);
        using (disk.Fill())
        {
            foreach (var (path, body) in new[]
            {
                ("/api/2.0/mlflow/runs/create", $$"""{"experiment_id":"0","tags":[{"key":"t","value":"{{new string('x', 8000)}}"}]}"""),
                ("/api/v1/models", $$"""{"name":"NUMBER","description":"{{new string('x', 5_000)}}"}"""),
                ("/api/v1/blobs", new string('x', 80_000)),
                ("/api/v1/datasets/d/versions", "x\n" + string.Concat(Enumerable.Repeat("1\n", 40_000))),
            })
            {
                // What the log of the database has room for is still taken.
                HttpResponseMessage? answer = null;
                for (var i = 0; i < 2000 && answer is not { StatusCode: not (HttpStatusCode.OK or HttpStatusCode.Created) }; i++)
                {
                    answer = await http.PostAsync(path, new StringContent(body.Replace("NUMBER", $"m{i}", StringComparison.Ordinal), Encoding.UTF8, "application/json"), Token);
                }

                var said = await answer!.Content.ReadAsStringAsync(Token);
                Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {(int)answer.StatusCode} {said}");
                Assert.True(answer.Headers.RetryAfter is not null, path);
            }

            await Eventually.Async(async () => (await http.GetAsync("/health", Token)).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(10), Token);
            Assert.Contains("storage", await (await http.GetAsync("/health", Token)).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        await Eventually.Async(async () => (await http.GetAsync("/health", Token)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(20), Token);
        using var model = await http.PostAsync("/api/v1/models", new StringContent("""{"name":"after"}""", Encoding.UTF8, "application/json"), Token);
        using var blob = await http.PostAsync("/api/v1/blobs", new StringContent("after"), Token);
        Assert.Equal((HttpStatusCode.Created, true), (model.StatusCode, blob.IsSuccessStatusCode));
        await app.StopAsync(Token);
    }
}
