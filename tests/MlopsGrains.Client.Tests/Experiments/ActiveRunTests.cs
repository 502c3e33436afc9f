using CsCheck;
using Microsoft.Extensions.Time.Testing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments;

public sealed class ActiveRunTests
{
    private static readonly Gen<Weather> GenWeather = Gen.Frequency(
        (4, Gen.Const(Weather.Fine)), (2, Gen.Const(Weather.LostBefore)), (2, Gen.Const(Weather.LostAfter)), (1, Gen.Const(Weather.Busy)), (1, Gen.Const(Weather.Twice)), (1, Gen.Const(Weather.LateCopy)));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LostAnswer_BatchIsSentAgain_AppliedOnce()
    {
        var server = new RunServer([Weather.Fine, Weather.LostAfter, Weather.LostBefore, Weather.Fine]);
        using var client = server.Connect();
        await using (var run = await client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            run.LogMetric("loss", 1, 1);
            await run.FlushAsync(Cancel);
            run.LogMetric("loss", 2, 2);
        }

        Assert.Equal([1, 2], server.Applied);
        Assert.Equal([1, 2, 2, 2], server.Sequences);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnyWeather_EveryPointIsThereOnce_InOrder(bool spools)
    {
        using var directory = new TempDirectory();
        await Gen.Select(GenWeather.Array[0, 40], Gen.Int[1, 60], Gen.Int[1, 7]).SampleAsync(
            async (days, points, size) =>
            {
                var server = new RunServer(days);
                using var client = server.Connect(tracking: t =>
                {
                    t.BatchEntriesMax = size;
                    t.SpoolDirectory = spools ? directory.Path : null;
                });
                await using (var run = await client.StartRunAsync("churn"))
                {
                    for (var i = 1; i <= points; i++)
                    {
                        run.LogMetric("loss", i, i);
                        if (i % 10 == 0)
                        {
                            await run.FlushAsync();
                        }
                    }
                }

                await client.Replaying;
                while (spools && (await client.ReplaySpoolAsync()).Remaining > 0)
                {
                }

                Assert.Equal(Enumerable.Range(1, points).Select(i => (double)i), server.Applied);
                Assert.Equal(["finished"], server.Ends.Distinct()); // A spooled end may be told twice, which changes nothing.
            },
            iter: spools ? 50 : 150,
            threads: 1);
    }

    [Fact]
    public async Task ManyThreads_NothingIsLost()
    {
        var server = new RunServer([]);
        using var client = server.Connect(tracking: t => (t.BatchEntriesMax, t.BufferEntriesMax) = (10, 20));
        await using (var run = await client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
            {
                for (var i = 0; i < 250; i++)
                {
                    run.LogMetric($"loss/{thread}", (thread * 250) + i, i);
                }
            })));
        }

        Assert.Equal(Enumerable.Range(0, 2000).Select(i => (double)i), server.Applied.Order());
    }

    [Fact]
    public async Task RefusedParam_IsSaidByTheFlush_AndItsNeighboursAreStored()
    {
        var server = new RunServer([]) { Refuses = batch => batch.GetProperty("params").EnumerateArray().Select((p, i) => (p, i)).Where(p => p.p.GetProperty("key").GetString() == "bad").Select(p => $"params[{p.i}].value").FirstOrDefault() };
        using var client = server.Connect();
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        run.LogParam("good", "1");
        run.LogParam("bad", "2");
        run.LogMetric("loss", 1);

        var refusal = await Assert.ThrowsAsync<MlopsException>(() => run.FlushAsync(Cancel));
        await run.FlushAsync(Cancel);

        Assert.Equal("params[1].value", refusal.Field);
        Assert.Equal(1, run.Refused);
        Assert.Equal(["good=1"], server.Params);
        Assert.Equal([1], server.Applied);
    }

    [Fact]
    public async Task RefusedKey_TakesAllItsPoints_AndNoOthers()
    {
        var server = new RunServer([])
        {
            Refuses = batch =>
            {
                var columns = batch.GetProperty("columns");
                var bad = columns.GetProperty("keys").EnumerateArray().Select(k => k.GetString()).ToList().IndexOf("../x");
                var at = columns.GetProperty("keyIndexes").EnumerateArray().Select(k => k.GetInt32()).ToList().IndexOf(bad);
                return bad < 0 ? null : $"metrics[{Math.Max(at, 0)}].key";
            },
        };
        using var client = server.Connect();
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        for (var step = 0; step < 5; step++)
        {
            run.LogMetrics(new Dictionary<string, double> { ["../x"] = step, ["a"] = step, ["b"] = step }, step);
        }

        await Assert.ThrowsAsync<MlopsException>(() => run.FlushAsync(Cancel));

        Assert.Equal(5, run.Refused);
        Assert.Equal(["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"], server.Keys);
    }

    [Fact]
    public async Task Dispose_EndsFinished_Once()
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        var run = await client.StartRunAsync("churn", cancellationToken: Cancel);

        await run.EndAsync(cancellationToken: Cancel);
        var refused = Assert.Throws<MlopsException>(() => run.SetTag("k", "v"));
        await run.DisposeAsync();

        Assert.Equal(["finished"], server.Ends);
        Assert.Equal((ErrorKind.Conflict, RunStatus.Finished), (refused.Kind, run.Info.Status));
    }

    [Fact]
    public async Task Fail_KeepsTheReason()
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        await using (var run = await client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            await run.FailAsync("out of memory", Cancel);
        }

        Assert.Equal(["failed"], server.Ends);
        Assert.Equal(["mlops.failure=out of memory"], server.Tags);
    }

    [Fact]
    public async Task Track_BodyThrows_RunFails()
    {
        var server = new RunServer([]);
        using var client = server.Connect();

        await Assert.ThrowsAsync<FormatException>(() => client.TrackAsync("churn", (_, _) => throw new FormatException("bad row"), cancellationToken: Cancel));
        await client.TrackAsync("churn", (_, _) => Task.CompletedTask, cancellationToken: Cancel);

        Assert.Equal(["failed", "finished"], server.Ends);
    }

    [Fact]
    public async Task Track_Cancelled_RunIsKilled()
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.TrackAsync(
            "churn",
            async (_, token) =>
            {
                await cancel.CancelAsync();
                token.ThrowIfCancellationRequested();
            },
            cancellationToken: cancel.Token));

        Assert.Equal(["killed"], server.Ends);
    }

    [Fact]
    public async Task Entry_IsSentWhenItIsOldEnough_WithoutAFlush()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        var server = new RunServer([]);
        using var client = server.Connect(time, t => t.BatchAgeMax = TimeSpan.FromSeconds(3));
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);

        run.LogMetric("loss", 1);
        time.Advance(TimeSpan.FromSeconds(2));
        run.LogMetric("loss", 2);
        Assert.Empty(server.Read(() => server.Sequences.ToList()));
        time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.Async(() => server.Read(() => server.Applied.Count) == 2, cancellationToken: Cancel);
        Assert.Equal([1], server.Sequences);
    }

    [Fact]
    public async Task FullBuffer_Waits_AndGoesOnWhenThePlatformIsBack()
    {
        var server = new RunServer([]);
        using var client = server.Connect(tracking: t => (t.BatchEntriesMax, t.BufferEntriesMax) = (5, 10));
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        var logged = 0;

        var logging = Task.Run(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                run.LogMetric("loss", i, i);
                Interlocked.Increment(ref logged);
            }
        }, Cancel);
        await Eventually.Async(() => Volatile.Read(ref logged) >= 10, cancellationToken: Cancel);
        Assert.InRange(Volatile.Read(ref logged), 10, 16); // The buffer and the batch on its way.
        server.IsAway = false;
        await logging.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await run.FlushAsync(Cancel);

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (double)i), server.Applied);
    }

    [Fact]
    public async Task FullBuffer_DropsTheOldestPoints_CountsThem_AndKeepsParams()
    {
        var server = new RunServer([]);
        using var client = server.Connect(tracking: t => (t.BatchEntriesMax, t.BufferEntriesMax, t.WhenFull) = (5, 20, BufferFull.DropOldest));
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        run.LogParam("lr", 0.1);
        for (var i = 0; i < 1000; i++)
        {
            run.LogMetric("loss", i, i);
        }

        server.IsAway = false;
        await run.FlushAsync(Cancel);

        Assert.Equal(["lr=0.1"], server.Params);
        Assert.Equal(1000, server.Applied.Count + run.Dropped);
        Assert.InRange(server.Applied.Count, 10, 30);
        Assert.Equal(999, server.Applied[^1]);
    }

    [Theory]
    [InlineData(BufferFull.Wait)]
    [InlineData(BufferFull.DropOldest)]
    public async Task PlatformAwayAtTheEnd_WithoutSpool_ThrowsAfterTheDeadline_AndFreesWhoeverWaits(BufferFull whenFull)
    {
        var server = new RunServer([]);
        using var client = server.Connect(TimeProvider.System, t =>
        {
            (t.BatchEntriesMax, t.BufferEntriesMax, t.WhenFull) = (5, 10, whenFull);
            t.FlushTimeout = TimeSpan.FromMilliseconds(300);
            t.SystemMetricsInterval = TimeSpan.FromMilliseconds(100); // Its sampler may be among those that wait.
        });
        var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        var logging = Task.Run(() =>
        {
            for (var i = 0; ; i++)
            {
                run.LogMetric("loss", i, i);
            }
        }, Cancel);
        await Eventually.Async(() => server.Gateway.Requests.Count(r => r.Path.EndsWith("/batches", StringComparison.Ordinal)) > 1, cancellationToken: Cancel);

        var lost = await Assert.ThrowsAsync<MlopsException>(async () => await run.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel));
        var refused = await Assert.ThrowsAsync<MlopsException>(() => logging.WaitAsync(TimeSpan.FromSeconds(20), Cancel));

        Assert.Equal(ErrorKind.Unavailable, lost.Kind);
        Assert.Contains("there is no spool", lost.Message, StringComparison.Ordinal);
        Assert.Contains(refused.Kind, (ErrorKind[])[ErrorKind.Conflict, ErrorKind.Unavailable]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public async Task BadKey_IsRefusedAtOnce(string? key)
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);

        Assert.ThrowsAny<ArgumentException>(() => run.LogMetric(key!, 1));
        Assert.ThrowsAny<ArgumentException>(() => run.LogParam(new string('k', 251), "v"));
        Assert.ThrowsAny<ArgumentException>(() => run.LogMetric("k", 1, 1, DateTimeOffset.UnixEpoch.AddSeconds(-1)));
    }

    [Fact]
    public async Task Child_NamesItsParent()
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        await using var parent = await client.StartRunAsync("churn", cancellationToken: Cancel);
        await using var child = await parent.StartChildAsync(new RunOptions { Name = "fold 1" }, Cancel);

        Assert.Contains(server.Gateway.Requests, r => r.Body.Contains($$"""{"key":"mlflow.parentRunId","value":"{{parent.RunId}}"}""", StringComparison.Ordinal));
    }
}
