using System.Diagnostics;
using System.Net;
using MlopsGrains.EndToEnd.Writers;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>Processes that do not run for a while (SIGSTOP) and then go on, with the settings that they are shipped with.</summary>
public sealed class FrozenProcessTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FrozenSilo_IsEvicted_ItsKeysAreWritable_AndItEndsWhenItThaws()
    {
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2);
        using var writers = await WriterGroup.StartAsync(cluster.Gateway, WriterGroup.Tags(24));
        await writers.AllWriteAsync();

        var frozen = cluster.Silos[1];
        frozen.Freeze();
        var began = Stopwatch.StartNew();
        await cluster.EvictedAsync(frozen, TimeSpan.FromSeconds(40));
        output.WriteLine($"evicted after {began.Elapsed.TotalSeconds:F1} s");
        await writers.AllWriteAsync();
        frozen.Thaw();

        Assert.Equal(3, await frozen.ExitAsync());
        Assert.Contains("is no member of its cluster any more", frozen.Output, StringComparison.Ordinal);
        await writers.StopAsync();
        output.WriteLine($"longest gap {writers.Gaps[^1].TotalSeconds:F1} s; {writers.Told()}");
        Assert.Empty(await writers.FaultsAsync(audit: false));
    }

    /// <summary>
    /// Frozen too shortly to be evicted, so whoever thaws goes on and finds what was asked meanwhile, by clients that have gone. What waits in a silo may have been on its way through it to
    /// another one, which gets it before it hears that the client has gone.
    /// </summary>
    [Theory]
    [InlineData("server")]
    [InlineData("gateway")]
    [InlineData("silo")]
    public async Task WhatAClientGaveUpWhileAProcessWasFrozen_IsNeverDone(string frozen)
    {
        using var directory = new TempDirectory();
        await using var alone = frozen == "server" ? await ServerProcess.StartAsync(["--data", directory.Path]) : null;
        await using var cluster = alone is null ? await ServerCluster.StartAsync(postgres, silos: 2) : null;
        var process = frozen switch { "server" => alone!, "gateway" => cluster!.Gateway, _ => cluster!.Silos[1] };
        using var caller = new Caller((alone ?? cluster!.Gateway).Address);
        var runs = new List<string>();
        for (var i = 0; i < 16; i++)
        {
            runs.Add(await caller.NewRunAsync("0"));
            await TagAsync(caller.Http, runs[i], "before");
        }

        process.Freeze();
        var pause = Task.Delay(Pause, Token);
        var answered = await Task.WhenAll(runs.Select(run => GivenUpAsync(caller.Address, run)));
        await pause;
        process.Thaw();

        foreach (var (run, wasAnswered) in runs.Zip(answered))
        {
            await Eventually.Async(() => TagAsync(caller.Http, run, "after"), TimeSpan.FromSeconds(20), Token);
            var keys = (await caller.DoAsync(Caller.Mlflow + "runs/get?run_id=" + run))["run"]!["data"]!["tags"]!.AsArray().Select(t => (string)t!["key"]!).ToList();
            Assert.Equal(wasAnswered, keys.Contains("given-up"));
        }

        output.WriteLine($"{answered.Count(a => !a)} of {answered.Length} were given up");
        Assert.Contains(false, answered);
    }

    /// <summary>Whether the answer came in time.</summary>
    private static async Task<bool> GivenUpAsync(Uri address, string run)
    {
        using var http = new HttpClient { BaseAddress = address, Timeout = Patience };
        try
        {
            return await TagAsync(http, run, "given-up");
        }
        catch (TaskCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> TagAsync(HttpClient http, string run, string key)
    {
        using var content = new StringContent($$"""{"run_id":"{{run}}","key":"{{key}}","value":"1"}""", null, "application/json");
        using var answer = await http.PostAsync(new Uri("/api/2.0/mlflow/runs/set-tag", UriKind.Relative), content, Token);
        return answer.StatusCode == HttpStatusCode.OK;
    }
}
