using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using Parquet;
using Parquet.Schema;

namespace MlopsGrains.Cli.Experiments.Export;

/// <summary>What an export wrote.</summary>
internal sealed record ExportReport(string RunsFile, long Runs, string PointsFile, long Points);

/// <summary>
/// Writes runs and their metric points as Parquet files for data frames: <c>runs.parquet</c> has a row for a run with a column for each param, metric (its
/// latest value) and tag, as <c>mlflow.search_runs()</c> has; <c>points.parquet</c> has a row for a point. Times are Unix milliseconds. Written in row groups, so
/// memory is bounded however much there is; a file appears under its name when it is whole.
/// </summary>
internal sealed class ParquetExport(MlopsGrainsClient client, string directory, Action<string, double> progress)
{
    /// <summary>Most columns of <c>runs.parquet</c>.</summary>
    public const int ColumnsMax = 2000;

    private const int RunsPerGroup = 1000;
    private const int PointsPerGroup = 200_000;

    /// <param name="experiments">Where to look.</param>
    /// <param name="filter">MLflow's filter grammar; all when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the export; files of an export before stay as they are.</param>
    public async Task<ExportReport> RunAsync(IReadOnlyList<Experiment> experiments, string? filter, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var (runsFile, pointsFile) = (Path.Combine(directory, "runs.parquet"), Path.Combine(directory, "points.parquet"));
        var columns = await ColumnsAsync(experiments, filter, cancellationToken);
        long runs = 0, points = 0;
        await WriteAsync(runsFile, columns.Schema, async writer =>
        {
            await foreach (var page in FindAsync(experiments, filter, cancellationToken).Chunk(RunsPerGroup))
            {
                using var group = writer.CreateRowGroup();
                await columns.WriteAsync(group, page, cancellationToken);
                group.CompleteValidate();
                runs += page.Length;
                progress($"{runs} runs", 0);
            }
        });
        await WriteAsync(pointsFile, PointColumns.Schema, async writer =>
        {
            var rows = new PointColumns(PointsPerGroup);
            var done = 0L;
            await foreach (var (_, run) in FindAsync(experiments, filter, cancellationToken))
            {
                progress($"{points} points, run {++done} of {runs}", runs == 0 ? 0 : Math.Min(0.999, (double)done / runs));
                foreach (var metric in run.Metrics)
                {
                    await foreach (var point in client.Runs.GetMetricHistoryAsync(run.Info.RunId, metric.Key, cancellationToken))
                    {
                        rows.Add(run.Info.RunId, point);
                        points++;
                        if (rows.Count == PointsPerGroup)
                        {
                            await rows.WriteAsync(writer, cancellationToken);
                        }
                    }
                }
            }

            await rows.WriteAsync(writer, cancellationToken);
        });
        progress($"{runs} runs, {points} points", 1);
        return new ExportReport(runsFile, runs, pointsFile, points);
    }

    private static async Task WriteAsync(string path, ParquetSchema schema, Func<ParquetWriter, Task> write)
    {
        var unfinished = path + ".part";
        await using (var file = File.Create(unfinished))
        {
            await using var writer = await ParquetWriter.CreateAsync(schema, file);
            await write(writer);
        }

        File.Move(unfinished, path, overwrite: true);
    }

    private async IAsyncEnumerable<(string Experiment, Run Run)> FindAsync(
        IReadOnlyList<Experiment> experiments, string? filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var experiment in experiments)
        {
            await foreach (var run in client.Runs.SearchAsync(experiment.ExperimentId, filter, cancellationToken: cancellationToken))
            {
                yield return (experiment.Name, run);
            }
        }
    }

    /// <summary>A first pass, because a Parquet file says its columns before its rows.</summary>
    private async Task<RunColumns> ColumnsAsync(IReadOnlyList<Experiment> experiments, string? filter, CancellationToken cancellationToken)
    {
        var (parameters, metrics, tags) = (NewKeys(), NewKeys(), NewKeys());
        await foreach (var (_, run) in FindAsync(experiments, filter, cancellationToken))
        {
            parameters.UnionWith(run.Params.Select(p => p.Key));
            metrics.UnionWith(run.Metrics.Select(m => m.Key));
            tags.UnionWith(run.Tags.Select(t => t.Key));
            if (parameters.Count + metrics.Count + tags.Count > ColumnsMax)
            {
                throw MlopsException.Invalid("filter", $"The runs have more than {ColumnsMax} different params, metrics and tags; choose fewer runs with --experiment or --filter.");
            }
        }

        return new RunColumns(parameters, metrics, tags);

        static SortedSet<string> NewKeys() => new(StringComparer.Ordinal);
    }
}
