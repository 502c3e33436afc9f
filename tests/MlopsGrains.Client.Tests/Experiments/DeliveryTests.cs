using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments;

/// <summary>Exactly once, through the real platform and a network that fails.</summary>
public sealed class DeliveryTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task RepliesDropped_RequestsDoubled_EveryPointIsStoredOnce(int seed)
    {
        using var client = MlopsGrainsClient.Create(
            new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress, RetryCountMax = 20, RetryDelayMax = TimeSpan.FromMilliseconds(20), Tracking = new() { BatchEntriesMax = 7 } },
            new BadNetwork(seed));
        var experiment = await client.Experiments.GetOrCreateAsync($"delivery-{Guid.NewGuid():N}", Cancel);
        var run = await client.StartRunAsync(experiment.Name, cancellationToken: Cancel);
        for (var i = 0; i < 700; i++)
        {
            run.LogMetric("loss", i, i, DateTimeOffset.UnixEpoch.AddDays(1));
            run.SetTag("last", i.ToString(CultureInfo.InvariantCulture)); // An old batch that came late and was applied would turn it back.
        }

        await run.EndAsync(cancellationToken: Cancel);

        using var calm = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        var history = await calm.Runs.GetMetricHistoryAsync(run.RunId, "loss", Cancel).Select(m => m.Value).ToListAsync(Cancel);
        Assert.Equal(Enumerable.Range(0, 700).Select(i => (double)i), history);
        var stored = await calm.Runs.GetAsync(run.RunId, Cancel);
        Assert.Equal(RunStatus.Finished, stored.Info.Status);
        Assert.Contains(new Tag("last", "699"), stored.Tags);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ProcessKilled_WhileThePlatformIsAway_WhatWasSpooledIsDeliveredOnce(bool fromTheStart)
    {
        using var directory = new TempDirectory();
        await using var wire = new Wire(server.BaseAddress);
        if (fromTheStart)
        {
            await wire.CutAsync();
        }

        var said = new ConcurrentQueue<string>();
        string[] offline = fromTheStart ? ["offline"] : [];
        using var child = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "MlopsGrains.Client.CrashChild.dll"), wire.Address.AbsoluteUri, directory.Path, $"crash-{Guid.NewGuid():N}", .. offline])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            child.OutputDataReceived += (_, e) => said.Enqueue(e.Data ?? "");
            child.BeginOutputReadLine();
            await Eventually.Async(() => said.Count > 20, cancellationToken: Cancel);
            if (!fromTheStart)
            {
                await wire.CutAsync();
            }

            await Eventually.Async(() => Directory.EnumerateFiles(directory.Path, "*.spool", SearchOption.AllDirectories).Any(), cancellationToken: Cancel);
            var before = said.Count;
            await Eventually.Async(() => said.Count > before + 50, cancellationToken: Cancel);
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(Cancel);
        }

        wire.Mend();
        var runId = said.First();
        var acknowledged = said.Where(s => s.Length is > 0 and < 10).Select(s => int.Parse(s, CultureInfo.InvariantCulture)).Max();
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = wire.Address, Tracking = new() { SpoolDirectory = directory.Path } });
        await client.Replaying.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        var stored = await client.Runs.GetMetricHistoryAsync(runId, "number", Cancel).Select(m => m.Value).ToListAsync(Cancel);
        Assert.Equal(Enumerable.Range(1, stored.Count).Select(i => (double)i), stored);
        Assert.InRange(stored.Count, acknowledged, acknowledged + 2); // One more may have been stored before its number was printed and read.
        Assert.Empty(Directory.EnumerateFiles(directory.Path, "*.spool", SearchOption.AllDirectories));
        Assert.Equal(fromTheStart ? ["notes.txt"] : [], (await client.Runs.ListArtifactsAsync(runId, cancellationToken: Cancel)).Select(a => a.Name));
    }

    /// <summary>Loses requests, loses replies after the platform did its work, sends requests twice, and old ones late.</summary>
    private sealed class BadNetwork(int seed) : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly Random random = new(seed);
        private byte[]? last;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!request.RequestUri!.AbsolutePath.EndsWith("/batches", StringComparison.Ordinal))
            {
                return await base.SendAsync(request, cancellationToken);
            }

            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            var fate = random.Next(6);
            if (fate == 0)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "lost");
            }

            var answer = await base.SendAsync(Copy(request, body), cancellationToken);
            if (fate == 1)
            {
                answer.Dispose();
                answer = await base.SendAsync(Copy(request, body), cancellationToken);
            }

            if (fate == 3 && last is not null)
            {
                (await base.SendAsync(Copy(request, last), cancellationToken)).Dispose();
            }

            last = body;
            if (fate == 2)
            {
                answer.Dispose();
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost");
            }

            return answer;
        }

        private static HttpRequestMessage Copy(HttpRequestMessage request, byte[] body) =>
            new(request.Method, request.RequestUri) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
    }
}
