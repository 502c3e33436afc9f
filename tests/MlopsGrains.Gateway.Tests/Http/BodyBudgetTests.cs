using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>What slow and many senders of bodies can take.</summary>
public sealed class BodyBudgetTests(ServerFixture server)
{
    private const string Path = "/api/2.0/mlflow/runs/log-batch";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BodiesBeyondTheBudget_AreToldToWait_UntilOthersEnd()
    {
        await using var door = await Door.OpenAsync(null, ("Gateway:JsonBodyBytesMax", "65536"), ("Gateway:InputsBodyBytesMax", "65536"), ("Gateway:BufferedBytesMax", "131072"));
        using var first = await SlowSender.OpenAsync(door.Address, said: 60_000, sent: 59_000);
        using var second = await SlowSender.OpenAsync(door.Address, said: 60_000, sent: 59_000);
        var budget = door.Services.GetRequiredService<BodyBudget>();
        await Eventually.Async(() => budget.Held == 2 * 59_000, cancellationToken: Token);

        Assert.Equal(429, await HeldAsync(door));
        using var answer = await SendAsync(door);
        Assert.Contains("Gateway:BufferedBytesMax", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);

        first.Dispose();
        await Eventually.Async(async () => await HeldAsync(door) != 429, cancellationToken: Token);
    }

    [Fact]
    public async Task BodyThatComesTooSlowly_IsGivenUp()
    {
        await using var door = await Door.OpenAsync(null, ("Gateway:BodyGrace", "00:00:02"), ("Gateway:BodyBytesPerSecondMin", "1000000"));
        using var slow = await SlowSender.OpenAsync(door.Address, said: 60_000, sent: 1);

        Assert.StartsWith("HTTP/1.1 408", await slow.AnswerAsync(), StringComparison.Ordinal);
    }

    /// <summary>Headers that trickle are given up by the web server itself; whoever sends them holds a connection and no more.</summary>
    [Fact]
    public void SlowHeaders_HaveATimeLimit() =>
        Assert.InRange(server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.RequestHeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    [Fact]
    public async Task BudgetThatNoLargeBodyFitsIn_IsRefusedAtTheStart()
    {
        var refusal = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => Door.OpenAsync(null, ("Gateway:BufferedBytesMax", "2048")));

        Assert.Contains("Gateway:BufferedBytesMax must be at least", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<int> HeldAsync(Door door)
    {
        using var answer = await SendAsync(door);
        return (int)answer.StatusCode;
    }

    private static Task<HttpResponseMessage> SendAsync(Door door) =>
        door.Http.PostAsync(Path, new StringContent($$"""{"run_id":"{{new string('a', 32)}}","tags":[{"key":"k","value":"{{new string('v', 20_000)}}"}]}""", Encoding.UTF8, "application/json"), Token);

    /// <summary>Somebody who sends less of a body than was said.</summary>
    private sealed class SlowSender(TcpClient client) : IDisposable
    {
        public static async Task<SlowSender> OpenAsync(Uri address, int said, int sent)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, address.Port, Token);
            await client.GetStream().WriteAsync(
                Encoding.ASCII.GetBytes($"POST {Path} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {said}\r\n\r\n{new string(' ', sent)}"), Token);
            return new SlowSender(client);
        }

        public async Task<string> AnswerAsync()
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var reader = new StreamReader(client.GetStream());
            return await reader.ReadToEndAsync(deadline.Token);
        }

        public void Dispose() => client.Dispose();
    }
}
