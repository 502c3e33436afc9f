using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The laptop form: one process, one SQLite file.</summary>
public sealed class SingleProcessTests
{
    [Fact]
    public async Task ProcessKilledWhileRunsLog_EveryAcknowledgedPointIsThereAfterRestart()
    {
        using var directory = new TempDirectory();
        var port = FreePort.Next();
        await using var first = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        using var http = new HttpClient { BaseAddress = first.Address, Timeout = TimeSpan.FromSeconds(40) };
        var load = new TrackingLoad(http);
        var runs = await load.CreateRunsAsync(8);
        using var stop = new CancellationTokenSource();
        var writers = runs.Select(run => load.WriteAsync(run, stop.Token)).ToArray();
        await Eventually.Async(() => Task.FromResult(load.Acknowledged > 2_000), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await first.KillAsync();
        await using var second = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task Stop_DrainsAndEndsWithZero()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address };
        await new TrackingLoad(http).CreateRunsAsync(1);

        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Start_OnAllAddressesWithoutAuthentication_IsRefused()
    {
        using var directory = new TempDirectory();

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync(["--data", directory.Path], address: "http://0.0.0.0"));

        Assert.Contains("authentication", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Operation_MetricsDashboardAndDocument_Answer()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address };
        await new TrackingLoad(http).CreateRunsAsync(1);

        Assert.Contains("orleans_", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("<html", await http.GetStringAsync(new Uri("/orleans/", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"openapi\"", await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("OK", await http.GetStringAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken));
    }
}
