using System.Net;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments;

public sealed class EventsTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_IsWatchedToItsEnd_AlsoOverACutWire()
    {
        await using var wire = new Wire(server.BaseAddress);
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        using var watcher = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = wire.Address });
        var run = await client.StartRunAsync($"watched-{Guid.NewGuid():N}", cancellationToken: Cancel);
        var values = new SortedSet<double>();
        var watching = Task.Run(async () =>
        {
            await foreach (var e in watcher.Runs.WatchAsync(run.RunId, cancellationToken: Cancel))
            {
                lock (values)
                {
                    values.UnionWith((e.Reset?.Metrics ?? e.Metrics).Select(m => m.Value));
                }

                if ((e.Reset?.Info ?? e.Info)?.Status == RunStatus.Finished)
                {
                    return;
                }
            }
        }, Cancel);
        for (var i = 1; i <= 30; i++)
        {
            run.LogMetric("loss", i, i);
            await run.FlushAsync(Cancel);
            if (i is 5 or 15)
            {
                await Eventually.Async(() => Has(i), cancellationToken: Cancel);
                await wire.CutAsync();
            }

            if (i is 10 or 20)
            {
                wire.Mend();
            }
        }

        await run.EndAsync(cancellationToken: Cancel);
        await watching.WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.True(Has(30));
        Assert.True(Has(12) || Has(15)); // What was logged while the wire was cut came after it, one by one or as the whole run.

        bool Has(double value)
        {
            lock (values)
            {
                return values.Contains(value);
            }
        }
    }

    [Fact]
    public async Task Events_GoOnRightAfterTheLastOne()
    {
        using var gateway = new StubGateway()
            .Then(_ => Stream("id: 7\nevent: reset\ndata: {\"info\":{\"runId\":\"r1\",\"experimentId\":\"7\",\"runName\":\"n\",\"userId\":\"u\",\"status\":\"running\",\"startTime\":1,\"endTime\":null,\"artifactUri\":\"a\",\"lifecycleStage\":\"active\"},\"metrics\":[],\"params\":[],\"tags\":[],\"inputs\":[]}\n\n"))
            .Then(_ => Stream(": beat\n\nid: 8\nevent: change\ndata: {\"version\":8,\"metrics\":[{\"key\":\"loss\",\"value\":\"NaN\",\"timestamp\":5,\"step\":3}]}\n\nid: 9\nevent: of-tomorrow\ndata: {}\n\n"))
            .Then(HttpStatusCode.NotFound, """{"detail":"gone"}""");
        using var client = gateway.Connect();
        var seen = new List<RunEvent>();

        var gone = await Assert.ThrowsAsync<MlopsException>(async () =>
        {
            await foreach (var e in client.Runs.WatchAsync("r1", after: 3, Cancel))
            {
                seen.Add(e);
            }
        });

        Assert.Equal(ErrorKind.NotFound, gone.Kind);
        Assert.Equal(["3", "7", "9"], gateway.Requests.Select(r => r.Path.Split("lastEventId=")[1]));
        Assert.Equal((7, "r1"), (seen[0].Version, seen[0].Reset!.Info.RunId));
        Assert.Equal((8, new Metric("loss", double.NaN, 5, 3)), (seen[1].Version, Assert.Single(seen[1].Metrics)));
    }

    [Fact]
    public async Task Experiment_SaysWhichRunsBeganAndEnded()
    {
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        var experiment = await client.Experiments.GetOrCreateAsync($"watched-{Guid.NewGuid():N}", Cancel);
        await using var events = client.Experiments.WatchAsync(experiment.ExperimentId, cancellationToken: Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await events.MoveNextAsync());
        Assert.Null(events.Current.Change);

        var run = await client.StartRunAsync(experiment.Name, cancellationToken: Cancel);
        await run.EndAsync(RunStatus.Killed, Cancel);

        do
        {
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(run.RunId, events.Current.Change!.Info.RunId);
        }
        while (events.Current.Change.Change != ExperimentChangeKind.Ended);
        Assert.Equal(RunStatus.Killed, events.Current.Change.Info.Status);
    }

    private static HttpResponseMessage Stream(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text, System.Text.Encoding.UTF8, "text/event-stream") };
}
