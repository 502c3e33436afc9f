using System.Diagnostics;
using System.Security.Cryptography;
using MlopsGrains.Client;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Experiments;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;
using static System.FormattableString;

namespace MlopsGrains.Server.Demo;

/// <summary>The six acts of the demo. Everything goes through the embedded client, so through HTTP.</summary>
internal sealed class DemoScript(Uri address, DemoOutput output, TimeSpan patience)
{
    private const string Name = "breast-cancer";
    private const string Label = "diagnosis";
    private const int TrafficRows = 2_000;
    private const int RowsPerRequest = 20;
    private const float ShiftFactor = 1.35f;
    private static readonly string[] ShiftedFeatures = ["mean_radius", "mean_texture", "mean_smoothness"];

    private readonly MlopsGrainsClient client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = address });
    private readonly Random random = new(20_260_101);
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>Whether every check held. What takes longer than the patience is a failed check, and the last one.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using (client)
        {
            try
            {
                await ActAsync(cancellationToken);
            }
            catch (TimeoutException e)
            {
                output.Check(false, e.Message);
            }

            return output.AllPassed;
        }
    }

    private async Task ActAsync(CancellationToken cancellationToken)
    {
        var dataset = await UploadAsync(cancellationToken);
        var run = await RunPipelineAsync(dataset, cancellationToken);
        if (run.Status == PipelineRunStatus.Succeeded)
        {
            await ShowCandidatesAsync(dataset, cancellationToken);
            await ServeAsync(run, cancellationToken);
            await DriftAsync(cancellationToken);
            await SummaryAsync(cancellationToken);
        }
    }

    private static Stream Material(string file) => typeof(DemoScript).Assembly.GetManifestResourceStream(file)!;

    private static string Output(PipelineRun run, string step, string key) => run.Steps.Single(s => s.Name == step).Outputs[key];

    private async Task<DatasetVersion> UploadAsync(CancellationToken cancellationToken)
    {
        output.Step(1, "Upload the dataset");
        await using var csv = Material("breast_cancer.csv");
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(csv, cancellationToken));
        csv.Position = 0;
        var version = await client.Datasets.UploadAsync(
            Name, csv, "UCI Breast Cancer Wisconsin (Diagnostic), 1995", "569 rows, 30 features, target diagnosis", cancellationToken);
        output.Check(version.Digest == digest, Invariant($"dataset {Name} version {version.Version}, sha256 {digest[..12]}…, content-addressed"));
        output.Check(version.Rows == 569 && version.Columns.Count == 31, Invariant($"schema and profile recorded: {version.Rows} rows, {version.Columns.Count} columns"));
        return version;
    }

    private async Task<PipelineRun> RunPipelineAsync(DatasetVersion dataset, CancellationToken cancellationToken)
    {
        output.Step(2, "Register the pipeline from YAML and run it");
        using var yaml = new StreamReader(Material("breast-cancer.yaml"));
        var definition = await client.Pipelines.RegisterAsync(await yaml.ReadToEndAsync(cancellationToken), cancellationToken);
        output.Line(Invariant($"pipeline {definition.Pipeline} version {definition.Version}, sha256 {definition.Digest[..12]}…"));
        var started = await client.Pipelines.StartAsync(Name, new StartPipeline(IdempotencyKey: $"demo-{dataset.Digest[..12]}"), cancellationToken);
        var run = await FollowAsync(started.PipelineRunId, cancellationToken);
        output.Check(run.Status == PipelineRunStatus.Succeeded, Invariant($"pipeline run {run.PipelineRunId} {run.Status}{(run.Reason is null ? "" : ": " + run.Reason)}"));
        return run;
    }

    /// <summary>Waits for a pipeline run and says what each step does as it happens.</summary>
    private async Task<PipelineRun> FollowAsync(string pipelineRunId, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<string, StepStatus>();
        return await output.During("the pipeline runs", () => client.Pipelines.WaitAsync(pipelineRunId, patience, TimeSpan.FromMilliseconds(100), run =>
        {
            foreach (var step in run.Steps.Where(s => s.Status is not (StepStatus.Waiting or StepStatus.Ready)))
            {
                if (seen.GetValueOrDefault(step.Name) != step.Status)
                {
                    seen[step.Name] = step.Status;
                    output.Line(Invariant($"{step.Name,-28} {step.Status}{(step.Error is null ? "" : ": " + step.Error)}"));
                }
            }
        }, cancellationToken));
    }

    private async Task ShowCandidatesAsync(DatasetVersion dataset, CancellationToken cancellationToken)
    {
        output.Step(3, "Each candidate is a tracked run");
        var experiment = await client.Experiments.FindByNameAsync(Name, cancellationToken);
        var runs = await client.Runs.SearchAsync(experiment!.ExperimentId, orderBy: ["metrics.test_auc DESC"], cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        var rows = new List<IReadOnlyList<string>>();
        foreach (var run in runs)
        {
            var history = 0;
            foreach (var metric in run.Metrics)
            {
                history = Math.Max(history, await client.Runs.GetMetricHistoryAsync(run.Info.RunId, metric.Key, cancellationToken).CountAsync(cancellationToken));
            }

            var artifacts = await client.Runs.ListArtifactsAsync(run.Info.RunId, cancellationToken: cancellationToken);
            string[] row =
            [
                run.Info.RunName, run.Info.Status.ToString(), Metric(run, "test_auc"), Metric(run, "test_accuracy"),
                Invariant($"{run.Params.Count}"), Invariant($"{history}"), string.Join(' ', artifacts.Select(a => a.Name)),
            ];
            rows.Add(row);
            output.Check(
                run.Info.Status == RunStatus.Finished && run.Params.Count > 0 && history >= 5 && artifacts.Count >= 3 && run.Tags.Any(t => t.Value == dataset.Digest),
                Invariant($"run {run.Info.RunName}: params, a metric per iteration, tags with the dataset's digest, artifacts"));
        }

        output.Rows(["run", "status", "AUC", "accuracy", "params", "points", "artifacts"], rows);
        output.Check(runs.Count == 3, Invariant($"{runs.Count} candidates were trained in parallel"));

        static string Metric(Run run, string key) => run.Metrics.FirstOrDefault(m => m.Key == key) is { } metric ? Invariant($"{metric.Value:0.0000}") : "-";
    }

    private async Task ServeAsync(PipelineRun run, CancellationToken cancellationToken)
    {
        output.Step(4, "Serve it: score the held-out rows over the Open Inference Protocol");
        await using var csv = await client.Blobs.OpenAsync(Output(run, "split", "test"), cancellationToken);
        var heldOut = await DemoTable.ReadAsync(csv, cancellationToken);
        var latencies = new List<double>();
        var right = 0;
        for (var i = 0; i < heldOut.Rows.Length; i++)
        {
            var row = heldOut.Slice(i, 1);
            var sent = Stopwatch.GetTimestamp();
            var answer = await client.Inference.InferAsync(Name, Tensors(row), cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            right += answer.Output("label").ToTexts()[0] == row.Labels[0] ? 1 : 0;
        }

        latencies.Sort();
        var accuracy = right / (double)heldOut.Rows.Length;
        output.Check(accuracy >= 0.9, Invariant($"{heldOut.Rows.Length} rows, one request each: accuracy {accuracy:0.000}, latency p50 {At(0.5):0.00} ms, p99 {At(0.99):0.00} ms"));

        double At(double quantile) => latencies[(int)(quantile * (latencies.Count - 1))];
    }

    private async Task DriftAsync(CancellationToken cancellationToken)
    {
        output.Step(5, "Monitor it: normal traffic, then shifted traffic");
        await using var csv = Material("breast_cancer.csv");
        var table = await DemoTable.ReadAsync(csv, cancellationToken);
        var before = await client.Monitors.GetAsync(Name, cancellationToken);
        await SendAsync(table.Sample(TrafficRows, random), cancellationToken);
        var normal = await MonitorUntilAsync(m => m.TotalRows >= before.TotalRows + TrafficRows, cancellationToken);
        output.Check(
            normal.OpenAlert is null && normal.LastVerdict is { Outcome: DriftOutcome.NoDrift },
            Invariant($"{TrafficRows} normal predictions: verdict {normal.LastVerdict?.Outcome}, no alert"));

        // The shifted rows' labels have become known, so retraining has something to learn from.
        var shifted = table.Shifted(ShiftedFeatures, ShiftFactor);
        await using var newer = table.Concat(shifted).ToCsv(Label);
        var second = await client.Datasets.UploadAsync(Name, newer, "version 1 and rows from another scanner", cancellationToken: cancellationToken);
        output.Line(Invariant($"dataset {Name} version {second.Version}: {second.Rows} rows"));

        await SendAsync(shifted.Sample(TrafficRows, random), cancellationToken);
        var sent = TrafficRows;
        var alert = await UntilAsync(
            async () =>
            {
                if ((await client.Monitors.AlertsAsync(Name, 1, cancellationToken)).FirstOrDefault(a => a.StartedPipelineRun is not null) is { } started)
                {
                    return started;
                }

                // Traffic does not stop, and the second drifting window, which an alert takes, may want some more rows.
                await SendAsync(shifted.Sample(RowsPerRequest, random), cancellationToken);
                sent += RowsPerRequest;
                return null;
            },
            "an alert that starts the pipeline",
            cancellationToken);
        output.Check(ShiftedFeatures.All(alert.Features.Contains), Invariant($"{sent} shifted predictions: alert names {string.Join(", ", alert.Features)}"));
        output.Line(alert.Message);

        var retrain = await FollowAsync(alert.StartedPipelineRun!, cancellationToken);
        output.Check(retrain.Status == PipelineRunStatus.Succeeded && retrain.Cause == $"alert/{alert.AlertId}", Invariant($"the alert started pipeline run {retrain.PipelineRunId}, cause {retrain.Cause}: {retrain.Status}{(retrain.Reason is null ? "" : ": " + retrain.Reason)}"));
        var deployment = await client.Deployments.GetAsync(Name, cancellationToken);
        output.Check(deployment.Revisions[^1] is { ModelVersion: 2 }, Invariant($"model version {deployment.Revisions[^1].ModelVersion} is deployed as revision {deployment.Revisions[^1].Number}"));
    }

    private async Task SendAsync(DemoTable table, CancellationToken cancellationToken)
    {
        for (var i = 0; i < table.Rows.Length; i += RowsPerRequest)
        {
            await client.Inference.InferAsync(Name, Tensors(table.Slice(i, RowsPerRequest)), cancellationToken);
        }
    }

    private static Tensor[] Tensors(DemoTable table) =>
        [.. table.Features.Select((feature, column) => Columns.Of(feature, [.. table.Rows.Select(row => row[column])]))];

    private Task<MonitorStatus> MonitorUntilAsync(Func<MonitorStatus, bool> condition, CancellationToken cancellationToken) =>
        UntilAsync(async () => await client.Monitors.GetAsync(Name, cancellationToken) is var status && condition(status) ? status : null, "the monitor to count the traffic", cancellationToken);

    private async Task<T> UntilAsync<T>(Func<Task<T?>> look, string what, CancellationToken cancellationToken)
        where T : class
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            if (Stopwatch.GetElapsedTime(began) > patience)
            {
                throw new TimeoutException($"Waited {patience.TotalSeconds} s for {what}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private async Task SummaryAsync(CancellationToken cancellationToken)
    {
        output.Step(6, "Verify the audit chain");
        var offline = await client.Audit.VerifyAsync(cancellationToken);
        output.Check(offline.Valid, Invariant($"{offline.Events} events, every hash recomputed here, head {offline.HeadHash[..12]}…"));

        var lineage = await client.Deployments.LineageAsync(Name, cancellationToken);
        var serving = lineage.Revisions.Single(r => r.Percent == 100);
        output.Check(
            serving is { Run: not null, DatasetVersion: not null, PipelineRunId: not null },
            "lineage of the deployed model: data → run → model → deployment");
        output.Title("What was made");
        output.Rows(["", ""], (string[][])[
            ["data", Invariant($"{serving.Dataset} version {serving.DatasetVersion?.Version}, sha256 {serving.DatasetVersion?.Digest}")],
            ["→ tracked run", Invariant($"{serving.Run?.RunId} ({serving.Run?.RunName}), in pipeline run {serving.PipelineRunId}")],
            ["→ model", Invariant($"{serving.Revision.Model} version {serving.Revision.ModelVersion}, sha256 {serving.ModelVersion?.Blob?.Digest}")],
            ["→ deployment", Invariant($"{lineage.Deployment} revision {serving.Revision.Number}")],
            ["time", Invariant($"{clock.Elapsed.TotalSeconds:0.0} s")],
        ]);
        var root = address.ToString().TrimEnd('/');
        output.Title("Where to look (with --keep)");
        output.Rows(["", ""], (string[][])[
            ["web UI", root + "/"],
            ["dataset", Invariant($"{root}/datasets/{serving.Dataset}/{serving.DatasetVersion?.Version}")],
            ["pipeline run", $"{root}/pipeline-runs/{serving.PipelineRunId}"],
            ["tracked run", $"{root}/runs/{serving.Run?.RunId}"],
            ["model", Invariant($"{root}/models/{serving.Revision.Model}/{serving.Revision.ModelVersion}")],
            ["deployment", $"{root}/deployments/{lineage.Deployment}"],
            ["monitor", $"{root}/monitors/{lineage.Deployment}"],
            ["lineage of it all", $"{root}/lineage?of=deployments/{lineage.Deployment}&depth=5"],
            ["API page", root + "/docs"],
            ["metrics", root + "/metrics"],
            ["Orleans Dashboard", root + "/orleans/"],
            ["deployed model", root + "/v2/models/" + Name],
            ["MLflow clients", "export MLFLOW_TRACKING_URI=" + root],
            ["command line", $"dotnet run --project src/MlopsGrains.Cli -- --server {root} deployments lineage {Name}"],
            ["", $"dotnet run --project src/MlopsGrains.Cli -- --server {root} monitor status {Name}"],
            ["", $"dotnet run --project src/MlopsGrains.Cli -- --server {root} audit verify"],
        ]);
    }
}
