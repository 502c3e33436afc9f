using MlopsGrains.Client;
using MlopsGrains.Testing;
using Parquet;

namespace MlopsGrains.Cli.Tests.Experiments;

public sealed class ExportTests(ServerFixture server) : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly string name = $"exported-{Guid.NewGuid():N}";
    private readonly MlopsGrainsClient client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress, Tracking = new() { Context = RunContext.None } });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Files_ReadBack_HoldRunsAndPoints()
    {
        string first, second;
        await using (var run = await client.StartRunAsync(name, new RunOptions { Name = "first" }, Cancel))
        {
            first = run.RunId;
            run.LogParam("lr", "0.1");
            run.LogMetric("train/loss", 0.5, 0, DateTimeOffset.UnixEpoch);
            run.LogMetric("train/loss", double.NaN, long.MaxValue, DateTimeOffset.UnixEpoch.AddDays(1));
            run.SetTag("team", "growth");
        }

        await using (var run = await client.StartRunAsync(name, new RunOptions { Name = "second" }, Cancel))
        {
            second = run.RunId;
            run.LogMetric("acc", 0.75, 3, DateTimeOffset.UnixEpoch);
        }

        var said = await ExportAsync("-e", name);

        Assert.Equal((0, ""), (said.Code, said.Error));
        Assert.Equal((2, 3), (said.Json.GetProperty("runs").GetInt32(), said.Json.GetProperty("points").GetInt32()));
        var runs = await ReadAsync("runs.parquet");
        Assert.Equal([second, first], runs["run_id"]); // Newest first.
        Assert.Equal([null, "0.1"], runs["params.lr"]);
        Assert.Equal([null, "growth"], runs["tags.team"]);
        Assert.Equal([0.75, null], runs["metrics.acc"]);
        Assert.Equal([null, double.NaN], runs["metrics.train/loss"]);
        Assert.Equal(["FINISHED", "FINISHED"], runs["status"]);
        Assert.All(runs["end_time"], t => Assert.True((long)t! > 1_700_000_000_000));
        var points = await ReadAsync("points.parquet");
        Assert.Equal([second, first, first], points["run_id"]);
        Assert.Equal(["acc", "train/loss", "train/loss"], points["key"]);
        Assert.Equal([3L, 0L, long.MaxValue], points["step"]);
        Assert.Equal([0L, 0L, 86_400_000L], points["timestamp"]);
        Assert.Equal([0.75, 0.5, double.NaN], points["value"]);
        Assert.Equal(2, Directory.GetFiles(directory.Path).Length);
    }

    [Fact]
    public async Task ManyPoints_AreWrittenInSeveralRowGroups()
    {
        await using (var run = await client.StartRunAsync(name, cancellationToken: Cancel))
        {
            for (var i = 0; i < 250_000; i++)
            {
                run.LogMetric("loss", i, i);
            }
        }

        await ExportAsync("-e", name);

        await using var reader = await ParquetReader.CreateAsync(directory.File("points.parquet"), cancellationToken: Cancel);
        Assert.Equal(2, reader.RowGroupCount);
        Assert.Equal(Enumerable.Range(0, 250_000).Select(i => (object)(double)i), (await ReadAsync("points.parquet"))["value"]);
    }

    [Fact]
    public async Task Filter_ChoosesRuns_AndNoRunIsAnEmptyFile()
    {
        await using (var run = await client.StartRunAsync(name, cancellationToken: Cancel))
        {
            run.LogMetric("acc", 0.9);
        }

        var some = await ExportAsync("-e", name, "--filter", "metrics.acc > 0.5");
        var none = await ExportAsync("-e", name, "--filter", "metrics.acc > 0.95");

        Assert.Equal((1, 0), (some.Json.GetProperty("runs").GetInt32(), none.Json.GetProperty("runs").GetInt32()));
        Assert.Empty((await ReadAsync("runs.parquet"))["run_id"]);
    }

    [Fact]
    public async Task UnknownExperiment_IsCode2_AndLeavesNothing()
    {
        var said = await ExportAsync("-e", "no-such-" + name);

        Assert.Equal(2, said.Code);
        Assert.Empty(Directory.GetFiles(directory.Path));
    }

    private Task<Said> ExportAsync(params string[] more) =>
        Shell.RunAsync(["export", "--parquet", directory.Path, "--json", "--server", server.BaseAddress.AbsoluteUri, .. more]);

    private async Task<Dictionary<string, List<object?>>> ReadAsync(string file)
    {
        await using var reader = await ParquetReader.CreateAsync(directory.File(file), cancellationToken: Cancel);
        var columns = reader.Schema.DataFields.ToDictionary(f => f.Name, _ => new List<object?>());
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            using var group = reader.OpenRowGroupReader(i);
            var rows = (int)group.RowCount;
            foreach (var field in reader.Schema.DataFields)
            {
                columns[field.Name].AddRange(await CellsAsync(group, field, rows));
            }
        }

        return columns;
    }

    private static async Task<IEnumerable<object?>> CellsAsync(ParquetRowGroupReader group, Parquet.Schema.DataField field, int rows)
    {
        if (field.ClrType == typeof(double))
        {
            return await ReadAsync<double>();
        }

        if (field.ClrType == typeof(long))
        {
            return await ReadAsync<long>();
        }

        var texts = new string?[rows];
        await group.ReadAsync(field, texts.AsMemory(), cancellationToken: Cancel);
        return texts;

        async Task<IEnumerable<object?>> ReadAsync<T>()
            where T : struct
        {
            if (!field.IsNullable)
            {
                var all = new T[rows];
                await group.ReadAsync<T>(field, all.AsMemory(), cancellationToken: Cancel);
                return all.Cast<object?>();
            }

            var some = new T?[rows];
            await group.ReadAsync<T>(field, some.AsMemory(), cancellationToken: Cancel);
            return some.Cast<object?>();
        }
    }
}
