using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>model/train</c>: trains one candidate with ML.NET as a tracked run.</summary>
internal sealed class ModelTrainStep(IOptions<PipelineOptions> options) : IStepExecutor
{
    /// <summary>Where the run keeps the model's signature.</summary>
    public const string SignaturePath = "model/signature.json";

    public StepKind Kind { get; } = new(
        "model/train",
        [
            new("experiment", StepInputType.Text, "The experiment of the tracked run; made when it is new.", Required: true),
            new("train", StepInputType.Digest, "The rows to learn from, a CSV.", Required: true),
            new("validation", StepInputType.Digest, "Rows to measure on as training goes on."),
            .. TrainingRequest.Inputs,
            new("dataset", StepInputType.Text, "Where the rows come from, for the lineage: the dataset,"),
            new("dataset_version", StepInputType.Text, "its version"),
            new("dataset_digest", StepInputType.Text, "and its digest."),
        ],
        ["run_id", "experiment_id", "model", "length", "trainer"],
        "Trains one candidate with ML.NET as a tracked run.");

    public IEnumerable<StepFault> Faults(StepCheck check) => TrainingRequest.Faults(check);

    public IEnumerable<Right> Rights(StepInputs with) =>
        [new Right.OnExperimentNamed(PermissionLevel.Edit, with.Text("experiment"))];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var with = context.With;
        var request = TrainingRequest.Read(with, options.Value.TrainingThreads);
        var train = await StepData.ReadTable(context, "train", cancellationToken);
        var validation = with.Find("validation") is null ? null : await StepData.ReadTable(context, "validation", cancellationToken);
        var run = await TrackedTraining.Begin(context, with.Text("experiment"), $"{request.TrainerName} {context.PipelineRunId[..8]}", Tags(context, request), cancellationToken);
        context.Log($"Run {run.Info.RunId}: {request.TrainerName} on {train.Rows.Count} rows");
        try
        {
            await run.Params(request.Params(), cancellationToken);
            await run.Input(Input(with), cancellationToken);
            var started = context.Time.GetTimestamp();
            var (training, curve) = await StepContext.Compute(() =>
            {
                var fitted = new ModelTraining(train, request, cancellationToken);
                return (fitted, fitted.Curve.Measure(train, validation));
            });
            await run.Points(curve, cancellationToken);
            var file = await Save(training.Model, context, cancellationToken);
            await StepData.Directory(context, run.Info).Put("model/model.zip", file, cancellationToken);
            await run.Artifact(SignaturePath, JsonSerializer.Serialize(training.Model.Signature(), JsonSerializerOptions.Web), cancellationToken);
            await Report(run, request, training.Model, train, validation, cancellationToken);
            await run.End(RunStatus.Finished);
            context.Log($"Trained in {context.Time.GetElapsedTime(started).TotalSeconds:0.00} s; model {file.Length} bytes, SHA-256 {file.Digest}");
            return StepContext.Succeeded(
                ("run_id", run.Info.RunId), ("experiment_id", run.Info.ExperimentId), ("model", file.Digest),
                ("length", file.Length.ToString(CultureInfo.InvariantCulture)), ("trainer", request.TrainerName));
        }
        catch
        {
            await run.End(context.IsCancelled ? RunStatus.Killed : RunStatus.Failed);
            throw;
        }
    }

    private static async Task<BlobRef> Save(TrainedModel model, StepContext context, CancellationToken cancellationToken)
    {
        using var file = new MemoryStream();
        model.Save(file);
        file.Position = 0;
        return await context.Blobs.WriteAsync(file, TrainedModel.BytesMax, cancellationToken);
    }

    private static async Task Report(TrackedTraining run, TrainingRequest request, TrainedModel model, Table train, Table? validation, CancellationToken cancellationToken)
    {
        var onTrain = model.Evaluate(train, cancellationToken);
        var onValidation = validation is null ? null : model.Evaluate(validation, cancellationToken);
        var report = new
        {
            trainer = request.TrainerName,
            parameters = request.Params().ToDictionary(p => p.Key, p => p.Value.ToString(CultureInfo.InvariantCulture)),
            code = TrackedTraining.CodeVersion,
            train = new { rows = train.Rows.Count, onTrain.Metrics },
            validation = onValidation is null ? null : new { rows = validation!.Rows.Count, onValidation.Metrics },
            signature = model.Signature(),
        };
        await run.Artifact("report.json", JsonSerializer.Serialize(report, StepData.Json), cancellationToken);
        await run.Artifact("report.md", Markdown(request, onTrain, onValidation), cancellationToken);
        var measured = onValidation ?? onTrain;
        if (measured.Confusion is not null)
        {
            var matrix = new { data = onValidation is null ? "train" : "validation", measured.Classes, rows = "actual", columns = "predicted", measured.Confusion };
            await run.Artifact("confusion_matrix.json", JsonSerializer.Serialize(matrix, StepData.Json), cancellationToken);
        }
    }

    private static string Markdown(TrainingRequest request, Evaluation train, Evaluation? validation)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# {request.TrainerName}").AppendLine();
        text.AppendLine("| Metric | train | validation |").AppendLine("|---|---|---|");
        foreach (var (name, value) in train.Metrics)
        {
            var other = validation is not null && validation.Metrics.TryGetValue(name, out var v) ? v.ToString("0.0000", CultureInfo.InvariantCulture) : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {value:0.0000} | {other} |");
        }

        text.AppendLine().AppendLine("| Parameter | Value |").AppendLine("|---|---|");
        foreach (var (key, value) in request.Params())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {key} | {value.ToString(CultureInfo.InvariantCulture)} |");
        }

        return text.ToString();
    }

    private static List<Tag> Tags(StepContext context, TrainingRequest request)
    {
        var with = context.With;
        var tags = new List<Tag>
        {
            new("code.version", TrackedTraining.CodeVersion),
            new("environment", TrackedTraining.Environment),
            new("seed", request.Seed.ToString(CultureInfo.InvariantCulture)),
            new("data.train.digest", with.Text("train")),
            new("pipeline.name", context.Pipeline),
            new("pipeline.run_id", context.PipelineRunId),
            new("pipeline.step", context.Step),
            new("mlflow.source.name", $"{context.Pipeline}/{context.Step}"),
            new("mlflow.source.type", "PIPELINE"),
        };
        tags.AddRange(new[] { ("dataset.name", "dataset"), ("dataset.version", "dataset_version"), ("dataset.digest", "dataset_digest") }
            .Where(t => with.Find(t.Item2) is not null).Select(t => new Tag(t.Item1, with.Text(t.Item2))));
        // A build from a git checkout carries the commit after the plus sign.
        if (TrackedTraining.CodeVersion.Split('+') is [_, { Length: >= 7 } commit])
        {
            tags.Add(new Tag("mlflow.source.git.commit", commit));
        }

        return tags;
    }

    private static DatasetInput Input(StepInputs with)
    {
        var name = with.TextOrNull("dataset") ?? "train";
        var source = JsonSerializer.Serialize(new { dataset = name, version = with.TextOrNull("dataset_version"), digest = with.TextOrNull("dataset_digest"), train_digest = with.Text("train") });
        var digest = with.TextOrNull("dataset_digest") ?? with.Text("train");
        return new DatasetInput(name, digest[..Math.Min(DatasetLimits.InputDigestLength, digest.Length)], "mlops", source, null, null, [new Tag("mlflow.data.context", "training")]);
    }
}
