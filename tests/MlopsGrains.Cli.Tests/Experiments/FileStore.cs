using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Experiments;

/// <summary>Writes a history as MLflow's file store does.</summary>
internal sealed class FileStore : IDisposable
{
    private readonly TempDirectory directory = new();

    public string Path => directory.Path;

    public void Experiment(string id, string name, string stage = "active") => Write(
        $"{id}/meta.yaml",
        $"""
        artifact_location: file:///somewhere/mlruns/{id}
        creation_time: 1700000000000
        experiment_id: '{id}'
        last_update_time: 1700000000000
        lifecycle_stage: {stage}
        name: {name}

        """);

    public void Run(string experiment, string id, string name, int status = 3, long? end = 1700000009000, string stage = "active")
    {
        Write(
            $"{experiment}/{id}/meta.yaml",
            $"""
            artifact_uri: file:///somewhere/mlruns/{experiment}/{id}/artifacts
            end_time: {end?.ToString(CultureInfo.InvariantCulture) ?? "null"}
            entry_point_name: ''
            experiment_id: '{experiment}'
            lifecycle_stage: {stage}
            run_id: {id}
            run_name: {name}
            run_uuid: {id}
            source_name: ''
            source_type: 4
            source_version: ''
            start_time: 1700000001000
            status: {status}
            tags: []
            user_id: ada

            """);
        Write($"{experiment}/{id}/tags/mlflow.runName", name);
    }

    public void Metric(string experiment, string id, string key, params string[] lines) => Write($"{experiment}/{id}/metrics/{key}", string.Concat(lines.Select(l => l + "\n")));

    public void Dataset(string experiment, string run, string name, string context)
    {
        var id = $"d-{name}";
        Write(
            $"{experiment}/datasets/{id}/meta.yaml",
            $$"""
            digest: abc123
            name: {{name}}
            profile: null
            schema: '{"mlflow_colspec": []}'
            source: '{"uri": "s3://bucket/{{name}}.csv"}'
            source_type: http

            """);
        Write(
            $"{experiment}/{run}/inputs/{id}-{run}/meta.yaml",
            $"""
            destination_id: {id}
            destination_type: RUN
            source_id: {id}
            source_type: DATASET
            tags:
              mlflow.data.context: {context}

            """);
    }

    public void LoggedModel(string experiment, string run, string id, string name)
    {
        Write(
            $"{experiment}/models/{id}/meta.yaml",
            $"""
            artifact_location: file:///somewhere/mlruns/{experiment}/models/{id}/artifacts
            creation_timestamp: 1700000005000
            experiment_id: '{experiment}'
            last_updated_timestamp: 1700000006000
            lifecycle_stage: active
            model_id: {id}
            model_type: sklearn
            name: {name}
            source_run_id: {run}
            status: 2
            status_message: null

            """);
        Write($"{experiment}/models/{id}/params/depth", "7");
        Write($"{experiment}/models/{id}/tags/team", "growth");
        Write($"{experiment}/models/{id}/tags/mlflow.modelVersions", "[]");
        Write($"{experiment}/models/{id}/metrics/accuracy", $"1700000004000 0.9 3 {run} iris abc123\n1700000004500 nan 4 {run}\n");
        Write($"{experiment}/{run}/metrics/accuracy", $"1700000004000 0.9 3 iris abc123 {id}\n1700000004500 nan 4 {id}\n");
        Write($"{experiment}/models/{id}/artifacts/MLmodel", "flavors: {}");
        Write($"{experiment}/models/{id}/artifacts/data/model.bin", "weights");
        Write($"{experiment}/{run}/outputs/{id}/meta.yaml", $"source_type: RUN_OUTPUT\nsource_id: {run}\ndestination_type: MODEL_OUTPUT\ndestination_id: {id}\nstep: 3\ntags: {{}}\n");
    }

    public void Write(string path, string content)
    {
        var file = directory.File(path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    public void Dispose() => directory.Dispose();
}
