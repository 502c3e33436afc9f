using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Experiments;
using MlopsGrains.Grains;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// A search over many ended runs of one experiment, 10 metrics and 10 params each, in a silo over SQLite. The index shards' journals are filled with the rows
/// that they would have settled, because creating a million runs takes longer than everything measured here; the silo then starts on them. Then the same
/// search while 500 runs log, where every search must find the last value that was acknowledged before it began.
/// </summary>
internal static class SearchBenchmark
{
    private const string Filter = "metrics.acc > 0.9 AND params.lr = '0.1'";
    private const int RowsAtOnce = 1000;

    public static async Task<int> RunAsync(string[] args)
    {
        var runs = Option(args, "--runs", 100_000);
        var points = Option(args, "--points", 1);
        Func<Random, double> value = args.Contains("--doubles") ? random => random.NextDouble() : random => random.NextSingle();
        var writers = Option(args, "--writers", 500);
        var searches = Option(args, "--searches", 1000);
        using var directory = new TempDirectory();
        string experiment;
        using (var host = await StartAsync(directory))
        {
            experiment = (await Grains(host).GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Create(new NewExperiment("search"))).ExperimentId;
            await FillAsync(host.Services.GetRequiredService<IJournal>(), experiment, runs, points, value);
            await host.StopAsync();
        }

        using (var host = await StartAsync(directory))
        {
            Console.WriteLine($"{runs} runs, 10 metrics of {points} point(s) born as {(args.Contains("--doubles") ? "doubles" : "32-bit floats")}, 10 params, {RunShards.Count} shards, {Environment.ProcessorCount} cores");
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var started = Stopwatch.GetTimestamp();
            var first = await SearchAsync(host, experiment, Filter);
            Line($"first search after the start: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms, {first.Items.Count} rows");
            var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
            Line($"index in memory: {(double)bytes / runs:0} bytes a run; process {Process.GetCurrentProcess().WorkingSet64 / 1048576} MiB");
            await MeasureAsync("search", searches, () => SearchAsync(host, experiment, Filter));
            await MeasureAsync("search, all runs in order", searches / 10, () => SearchAsync(host, experiment, null));
            await MeasureAsync("jump to the middle", searches / 10, () => FindAsync(host, experiment, runs / 2), () => ForgetAsync(host, experiment));
            await MeasureAsync("scroll on from there", searches / 10, () => FindAsync(host, experiment, runs / 2));
            await MeasureAsync("keys", Math.Max(10, searches / 50), () => Grains(host).GetGrain<IRunSearchGrain>(0).Keys(new RunKeysQuery(experiment)));
            await WhileRunsLogAsync(host, experiment, writers, searches);
            Line($"process {Process.GetCurrentProcess().WorkingSet64 / 1048576} MiB, peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576} MiB");
            await host.StopAsync();
        }

        return 0;
    }

    private static async Task WhileRunsLogAsync(IHost host, string experiment, int writers, int searches)
    {
        var grains = Enumerable.Range(0, writers).Select(_ => Grains(host).GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"))).ToList();
        await Task.WhenAll(grains.Select(run => run.Create(new NewRun(experiment))));
        var acknowledged = new long[writers];
        var stale = 0L;
        using var done = new CancellationTokenSource();
        var logging = grains.Select((run, w) => Task.Run(async () =>
        {
            for (var step = 1L; !done.IsCancellationRequested; step++)
            {
                await run.LogBatch(new RunBatch(new MetricColumns(["step"], [0], [step], [step], [step]), [], []));
                Volatile.Write(ref acknowledged[w], step);
                await Task.Delay(TimeSpan.FromSeconds(1), done.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        })).ToList();
        await MeasureAsync($"search while {writers} runs log once a second", searches, () => SearchAsync(host, experiment, Filter));
        for (var check = 0; check < 20; check++)
        {
            var before = Enumerable.Range(0, writers).Select(w => Volatile.Read(ref acknowledged[w])).ToArray();
            var found = (await SearchAsync(host, experiment, "metrics.step > 0", writers)).Items.ToDictionary(r => r.Info.RunId, r => r.Metrics[0].Value);
            stale += Enumerable.Range(0, writers).Count(w => before[w] > 0 && !(found.TryGetValue(grains[w].GetPrimaryKeyString(), out var seen) && seen >= before[w]));
        }

        await done.CancelAsync();
        await Task.WhenAll(logging);
        Line($"points logged {acknowledged.Sum()}, stale answers {stale}");
    }

    private static async Task MeasureAsync(string name, int searches, Func<Task> search, Func<Task>? before = null)
    {
        for (var warmUp = 0; warmUp < Math.Min(50, searches); warmUp++)
        {
            await search();
        }

        var times = new double[searches];
        for (var s = 0; s < searches; s++)
        {
            await (before?.Invoke() ?? Task.CompletedTask);
            var started = Stopwatch.GetTimestamp();
            await search();
            times[s] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        Array.Sort(times);
        Line($"{name}: p50 {times[searches / 2]:0.00} ms, p99 {times[(int)(searches * 0.99)]:0.00} ms, max {times[^1]:0.00} ms");
    }

    private static Task<Paging.Page<Run>> SearchAsync(IHost host, string experiment, string? filter, int limit = 100) =>
        Grains(host).GetGrain<IRunSearchGrain>(0).Search(new RunQuery([experiment], filter, LifecycleView.ActiveOnly, ["metrics.loss ASC"], limit, null));

    private static Task<FoundRuns> FindAsync(IHost host, string experiment, int skip) =>
        Grains(host).GetGrain<IRunSearchGrain>(0).Find(new RunQuery([experiment], null, LifecycleView.ActiveOnly, ["metrics.loss ASC"], 100, null, skip, Total: true, ["metrics.loss", "metrics.acc", "params.lr"]));

    /// <summary>Other rankings take the place of the one that a jump made.</summary>
    private static async Task ForgetAsync(IHost host, string experiment)
    {
        foreach (var key in (string[])["params.lr", "params.seed", "params.units", "run_name"])
        {
            await Grains(host).GetGrain<IRunSearchGrain>(0).Find(new RunQuery([experiment], "metrics.acc > 0.999", LifecycleView.ActiveOnly, [key], 1, null, 1));
        }
    }

    /// <summary>What the shards would have stored had these runs ended there.</summary>
    private static async Task FillAsync(IJournal journal, string experiment, int runs, int points, Func<Random, double> value)
    {
        var (random, codec) = (new Random(1), new RunIndexCodec());
        var waiting = Enumerable.Range(0, RunShards.Count).Select(_ => new List<CollectedRun>()).ToArray();
        var versions = new long[RunShards.Count];
        for (var r = 0; r < runs; r++)
        {
            var row = Row(random, experiment, r, points, value);
            var shard = RunShards.Of(row.Run.Info.RunId);
            waiting[shard].Add(row);
            if (waiting[shard].Count == RowsAtOnce)
            {
                await Store(shard);
            }
        }

        for (var shard = 0; shard < RunShards.Count; shard++)
        {
            await Store(shard);
        }

        async Task Store(int shard)
        {
            if (waiting[shard].Count > 0)
            {
                var buffer = new ArrayBufferWriter<byte>();
                codec.EncodeEvent(new RowsSettled(waiting[shard]), buffer);
                await journal.AppendAsync($"run-index/{experiment}/{shard}", versions[shard]++, [buffer.WrittenMemory]);
                waiting[shard].Clear();
            }
        }
    }

    private static CollectedRun Row(Random random, string experiment, int number, int points, Func<Random, double> value)
    {
        var id = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()).ToString("x32", CultureInfo.InvariantCulture);
        var start = 1_700_000_000_000 + (number * 1000L);
        string[] keys = ["acc", "auc", "f1", "loss", "lr_now", "precision", "recall", "time", "val_acc", "val_loss"];
        var metrics = keys.Select(key => new Metric(key, value(random), start + 60_000 + random.Next(1000), points)).ToArray();
        var histories = metrics.Select(m => Enumerable.Range(1, points - 1).Aggregate(default(MetricSummary).With(m.Value), (h, _) => h.With(value(random)))).ToArray();
        Tag[] parameters =
        [
            new("batch", $"{32 << random.Next(4)}"), new("decay", $"{random.Next(10) / 1000.0}"), new("depth", $"{random.Next(12)}"), new("dropout", $"0.{random.Next(6)}"),
            new("epochs", $"{random.Next(100)}"), new("layers", $"{random.Next(8)}"), new("lr", ((string[])["0.1", "0.01", "0.001"])[random.Next(3)]),
            new("optimizer", ((string[])["adam", "sgd"])[random.Next(2)]), new("seed", $"{random.Next(1000)}"), new("units", $"{64 << random.Next(4)}"),
        ];
        var name = $"quiet-heron-{number}";
        Tag[] tags = [new("mlflow.runName", name), new("mlflow.source.name", "train.py"), new("mlflow.source.type", "LOCAL"), new("mlflow.user", "ada")];
        var info = new RunInfo(id, experiment, name, "ada", RunStatus.Finished, start, start + 61_000, $"mlflow-artifacts:/{experiment}/{id}/artifacts", LifecycleStage.Active);
        return new CollectedRun(new Run(info, metrics, parameters, tags, [], [], []), histories);
    }

    private static async Task<IHost> StartAsync(TempDirectory directory)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort.Next(), FreePort.Next());
            silo.Services.AddSqliteStorage(o => o.Path = directory.File("mlops.db"));
            silo.Services.AddFolderBlobs(o => o.Root = directory.File("blobs"));
            silo.AddMlopsGrains();
            silo.AddRecordDocuments();
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static IGrainFactory Grains(IHost host) => host.Services.GetRequiredService<IGrainFactory>();

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
