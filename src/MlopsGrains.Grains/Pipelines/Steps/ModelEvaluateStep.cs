using System.Globalization;
using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>
/// <c>model/evaluate</c>: measures every candidate on held-out rows, writes the result to its run, and picks the best. Measures a baseline (majority class or mean)
/// and the present champion on the same rows.
/// </summary>
internal sealed class ModelEvaluateStep(ModelFileLoader files) : IStepExecutor
{
    public const string Uses = "model/evaluate";

    public StepKind Kind { get; } = new(
        Uses,
        [
            new("candidates", StepInputType.Candidates, "The outputs of the training steps.", Required: true),
            new("test", StepInputType.Digest, "The rows to measure on, a CSV.", Required: true),
            .. TrainingRequest.LearningInputs,
            new("metric", StepInputType.Text, "What the best is best in; left out: `auc`, `accuracy` or `rmse`, by the task.", Choices: EvaluationMetric.Names),
            new("champion", StepInputType.ModelName, "The registered model whose alias `champion` is measured too."),
            new("deployment", StepInputType.Name, "The deployment whose model is measured too, when there is no champion."),
        ],
        ["run_id", "model", "length", "trainer", "metrics", "baseline", "champion", "champion_version", "candidates"],
        "Measures every candidate on held-out rows and picks the best; measures a baseline and the champion too.");

    public IEnumerable<StepFault> Faults(StepCheck check)
    {
        if (TrainingRequest.KnownTask(check.With) is { } task && check.With.TextOrNull("metric") is { } metric && !EvaluationMetric.IsOf(metric, task))
        {
            yield return new StepFault("metric", $"metric is '{metric}', which the task {TrainingRequest.NameOf(task)} does not have; expected one of {string.Join(", ", EvaluationMetric.NamesOf(task))}");
        }
    }

    public IEnumerable<Right> Rights(StepInputs with) =>
        [
            .. Candidates(with).SelectMany(c => new Right[] { new Right.ToRead(c.Model), new Right.OnRun(PermissionLevel.Edit, c.RunId) }),
            .. with.TextOrNull("champion") is { } champion ? [new Right.On(PermissionLevel.Read, PermissionKind.RegisteredModel, champion, OrCreates: true)] : Array.Empty<Right>(),
            .. with.TextOrNull("deployment") is { } deployment ? [new Right.On(PermissionLevel.Read, PermissionKind.Deployment, deployment, OrCreates: true)] : Array.Empty<Right>(),
        ];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var task = TrainingRequest.ReadTask(context.With);
        var metric = context.With.TextOrNull("metric") ?? EvaluationMetric.DefaultOf(task);
        var test = await StepData.ReadTable(context, "test", cancellationToken);
        var candidates = Candidates(context.With);
        var measured = new List<(Candidate Candidate, Evaluation Evaluation)>();
        foreach (var candidate in candidates)
        {
            var evaluation = await Measure(context, candidate.Model, task, test, cancellationToken);
            if (!evaluation.Metrics.ContainsKey(metric))
            {
                throw MlopsException.Invalid("with.metric", NotMeasured(metric, context.With, test));
            }

            await Write(context, candidate, evaluation, test.Rows.Count, cancellationToken);
            context.Log($"{candidate.Trainer}: {Text(evaluation.Metrics)}");
            measured.Add((candidate, evaluation));
        }

        // Ties go to the candidate that comes first in the definition.
        var (best, bestEvaluation) = EvaluationMetric.IsLowerBetter(metric)
            ? measured.MinBy(m => m.Evaluation.Metrics[metric])
            : measured.MaxBy(m => m.Evaluation.Metrics[metric]);
        context.Log($"Best by {metric}: {best.Trainer}, run {best.RunId}");
        var outputs = new List<(string, string)>
        {
            ("run_id", best.RunId), ("model", best.Model), ("length", best.Length.ToString(CultureInfo.InvariantCulture)), ("trainer", best.Trainer),
            ("metrics", JsonSerializer.Serialize(bestEvaluation.Metrics)),
            ("baseline", JsonSerializer.Serialize(Baseline(context.With, task, test).Metrics)),
            ("candidates", JsonSerializer.Serialize(measured.ToDictionary(m => m.Candidate.RunId, m => m.Evaluation.Metrics))),
        };
        outputs.AddRange(await Champion(context, task, test, cancellationToken));
        return StepContext.Succeeded([.. outputs]);
    }

    private static string NotMeasured(string metric, StepInputs with, Table test) => metric == "auc"
        ? $"The test rows hold one class, '{test.Rows[0][test.Index("with.label", with.Text("label"))]}'; auc needs both. Use stratify: {with.Text("label")} in data/split, or another metric."
        : $"with.metric is '{metric}', which these rows do not have. {EvaluationMetric.WhyMissing(metric)}";

    private static List<Candidate> Candidates(StepInputs with)
    {
        var value = with.Required("candidates");
        var list = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
        return [.. list.Select((c, i) =>
        {
            var item = new StepInputs(c);
            try
            {
                return new Candidate(item.Text("run_id"), Names.CheckDigest("model", item.Text("model")), item.WholeOrNull("length") ?? 0, item.TextOrNull("trainer") ?? "model");
            }
            catch (MlopsException e)
            {
                throw MlopsException.Invalid($"with.candidates[{i}]", $"with.candidates[{i}] must be the outputs of a model/train step: {e.Message}");
            }
        })];
    }

    private async Task<Evaluation> Measure(StepContext context, string digest, LearningTask task, Table test, CancellationToken cancellationToken)
    {
        var model = await StepData.LoadModel(context, files, digest, task, cancellationToken);
        return await StepContext.Compute(() => model.Evaluate(test, cancellationToken));
    }

    private static async Task Write(StepContext context, Candidate candidate, Evaluation evaluation, int rows, CancellationToken cancellationToken)
    {
        var run = context.Grains.GetGrain<IRunGrain>(candidate.RunId);
        var found = await run.Get(cancellationToken) ?? throw TrackingErrors.NoRun(candidate.RunId);
        var points = evaluation.Metrics.Select(m => new CurvePoint(0, "test_" + m.Key, m.Value)).ToList();
        var tags = new Tag[] { new("data.test.digest", context.With.Text("test")) };
        await run.LogBatch(new RunBatch(TrackedTraining.Columns(points, context.Time), [], tags, new ProducerPosition(Producer(context), 1)), cancellationToken);
        var report = new { rows, evaluation.Metrics, evaluation.Classes, confusion_rows = "actual", confusion_columns = "predicted", evaluation.Confusion };
        await StepData.PutArtifact(context, found.Info, "evaluation/evaluation.json", JsonSerializer.SerializeToUtf8Bytes(report, StepData.Json), cancellationToken);
    }

    // One producer for all attempts of this step: a repeated evaluation does not double the points.
    private static string Producer(StepContext context) => context.Key.Length <= 64 ? context.Key : context.Key[..64];

    private static Evaluation Baseline(StepInputs with, LearningTask task, Table test)
    {
        var labels = test.Column(TrainedModel.LabelIndex(test, with.Text("label")));
        if (task == LearningTask.Regression)
        {
            var numbers = labels.Select(l => double.Parse(l, NumberStyles.Float, CultureInfo.InvariantCulture)).ToList();
            return Evaluation.Regression(numbers, [.. numbers.Select(_ => numbers.Average())]);
        }

        var shares = labels.GroupBy(l => l, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
        var majority = shares[0].Key;
        if (task == LearningTask.Multiclass)
        {
            var classes = shares.Select(s => s.Key).ToList();
            var probabilities = shares.Select(s => (float)s.Count() / labels.Count).ToArray();
            return Evaluation.Multiclass(labels, [.. labels.Select(_ => probabilities)], [.. labels.Select(_ => majority)], classes);
        }

        var positive = with.Text("positive");
        var rate = (double)labels.Count(l => l == positive) / labels.Count;
        return Evaluation.Binary([.. labels.Select(l => l == positive)], [.. labels.Select(_ => rate)], [.. labels.Select(_ => majority == positive)], "not " + positive, positive);
    }

    /// <summary>The model that would be replaced: alias <c>champion</c> of the named model, else what the named deployment serves.</summary>
    private async Task<IEnumerable<(string, string)>> Champion(StepContext context, LearningTask task, Table test, CancellationToken cancellationToken)
    {
        if (await FindChampion(context, cancellationToken) is not { Blob: { } file } champion)
        {
            context.Log("No champion to compare with.");
            return [("champion", ""), ("champion_version", "")];
        }

        try
        {
            var evaluation = await Measure(context, file.Digest, task, test, cancellationToken);
            context.Log($"Champion {champion.Model}/{champion.Version}: {Text(evaluation.Metrics)}");
            return [("champion", JsonSerializer.Serialize(evaluation.Metrics)), ("champion_version", $"{champion.Model}/{champion.Version}")];
        }
        catch (Exception e) when (e is MlopsException or ArgumentException or FormatException or InvalidOperationException)
        {
            // A champion with other columns is no reason to stop; the gate says what it could not compare.
            context.Log($"Champion {champion.Model}/{champion.Version} cannot score these rows: {e.Message}");
            return [("champion", ""), ("champion_version", $"{champion.Model}/{champion.Version}")];
        }
    }

    private static async Task<ModelVersion?> FindChampion(StepContext context, CancellationToken cancellationToken)
    {
        if (context.With.TextOrNull("champion") is { } model
            && await context.Grains.GetGrain<IRegisteredModelGrain>(Names.CheckModel("with.champion", model)).Get(cancellationToken) is { } registered
            && registered.Aliases.ContainsKey("champion"))
        {
            return await context.Grains.GetGrain<IRegisteredModelGrain>(model).Resolve("champion", cancellationToken);
        }

        if (context.With.TextOrNull("deployment") is { } name
            && await context.Grains.GetGrain<IDeploymentGrain>(Names.Check("with.deployment", name)).Get(cancellationToken) is { } deployment
            && deployment.Traffic.MaxBy(t => t.Percent) is { } share
            && deployment.Revisions.FirstOrDefault(r => r.Number == share.Revision) is { } revision)
        {
            return await context.Grains.GetGrain<IRegisteredModelGrain>(revision.Model).Served(revision.ModelVersion, revision.Digest, cancellationToken);
        }

        return null;
    }

    private static string Text(IReadOnlyDictionary<string, double> metrics) =>
        string.Join(", ", metrics.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:0.0000}")));

    private sealed record Candidate(string RunId, string Model, long Length, string Trainer);
}
