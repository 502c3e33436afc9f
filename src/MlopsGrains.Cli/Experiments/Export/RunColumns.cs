using MlopsGrains.Experiments;
using Parquet;
using Parquet.Schema;

namespace MlopsGrains.Cli.Experiments.Export;

/// <summary>The columns of <c>runs.parquet</c>.</summary>
internal sealed class RunColumns
{
    private readonly List<(DataField Field, Func<(string Experiment, Run Run), string?> Cell)> texts = [];
    private readonly List<(DataField Field, Func<Run, long?> Cell)> times = [];
    private readonly List<(DataField Field, string Key)> parameters;
    private readonly List<(DataField Field, string Key)> metrics;
    private readonly List<(DataField Field, string Key)> tags;

    public RunColumns(IEnumerable<string> parameterKeys, IEnumerable<string> metricKeys, IEnumerable<string> tagKeys)
    {
        Text("run_id", r => r.Run.Info.RunId);
        Text("experiment_id", r => r.Run.Info.ExperimentId);
        Text("experiment", r => r.Experiment);
        Text("run_name", r => r.Run.Info.RunName);
        Text("status", r => r.Run.Info.Status.ToString().ToUpperInvariant());
        Text("user_id", r => r.Run.Info.UserId);
        Text("artifact_uri", r => r.Run.Info.ArtifactUri);
        times.Add((new DataField<long?>("start_time"), r => r.Info.StartTime));
        times.Add((new DataField<long?>("end_time"), r => r.Info.EndTime));
        parameters = [.. parameterKeys.Select(k => ((DataField)new DataField<string>($"params.{k}"), k))];
        metrics = [.. metricKeys.Select(k => ((DataField)new DataField<double?>($"metrics.{k}"), k))];
        tags = [.. tagKeys.Select(k => ((DataField)new DataField<string>($"tags.{k}"), k))];
        Schema = new ParquetSchema([.. texts.Select(t => t.Field), .. times.Select(t => t.Field), .. parameters.Select(p => p.Field), .. metrics.Select(m => m.Field), .. tags.Select(t => t.Field)]);
    }

    public ParquetSchema Schema { get; }

    public async Task WriteAsync(ParquetRowGroupWriter group, (string Experiment, Run Run)[] runs, CancellationToken cancellationToken)
    {
        foreach (var (field, cell) in texts)
        {
            await group.WriteAsync(field, [.. runs.Select(r => cell(r)!)]);
        }

        foreach (var (field, cell) in times)
        {
            await group.WriteAsync<long>(field, runs.Select(r => cell(r.Run)).ToArray(), cancellationToken: cancellationToken);
        }

        var given = runs.Select(r => r.Run.Params.ToDictionary(p => p.Key, p => p.Value)).ToList();
        foreach (var (field, key) in parameters)
        {
            await group.WriteAsync(field, [.. given.Select(p => p.GetValueOrDefault(key)!)]);
        }

        var measured = runs.Select(r => r.Run.Metrics.ToDictionary(m => m.Key, m => (double?)m.Value)).ToList();
        foreach (var (field, key) in metrics)
        {
            await group.WriteAsync<double>(field, measured.Select(m => m.GetValueOrDefault(key)).ToArray(), cancellationToken: cancellationToken);
        }

        var tagged = runs.Select(r => r.Run.Tags.ToDictionary(t => t.Key, t => t.Value)).ToList();
        foreach (var (field, key) in tags)
        {
            await group.WriteAsync(field, [.. tagged.Select(t => t.GetValueOrDefault(key)!)]);
        }
    }

    private void Text(string name, Func<(string Experiment, Run Run), string?> cell) => texts.Add((new DataField<string>(name), cell));
}
