using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Trainers;
using MlopsGrains.Client.MlNet;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.MlNet;

public sealed class MlNetRunTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Training_IsLogged_AndTheModelIsRegisteredWithItsSignature()
    {
        var ml = new MLContext(seed: 1);
        var random = new Random(1);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 200).Select(_ => Customer.Next(random)).ToList());
        var options = new SdcaLogisticRegressionBinaryTrainer.Options { MaximumNumberOfIterations = 5, L2Regularization = 0.125f };
        var pipeline = ml.Transforms.Concatenate("Features", "Age", "Income").Append(ml.BinaryClassification.Trainers.SdcaLogisticRegression(options));
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        var name = $"churn-{Guid.NewGuid():N}";
        await using var run = await client.StartRunAsync(name, cancellationToken: Cancel);

        run.LogTrainer(options);
        var folds = ml.BinaryClassification.CrossValidate(data, pipeline, numberOfFolds: 3);
        run.LogCrossValidation(folds);
        var model = pipeline.Fit(data);
        run.LogPipeline(model);
        var evaluation = ml.BinaryClassification.Evaluate(model.Transform(data));
        run.LogEvaluation(evaluation);
        await run.LogConfusionMatrixAsync(evaluation.ConfusionMatrix, ["stays", "leaves"], cancellationToken: Cancel);
        var version = await run.LogModelAsync(ml, model, data.Schema, ["Label"], ["stays", "leaves"], registerAs: name, cancellationToken: Cancel);
        await run.FlushAsync(Cancel);

        var stored = await client.Runs.GetAsync(run.RunId, Cancel);
        var parameters = stored.Params.ToDictionary(p => p.Key, p => p.Value);
        var metrics = stored.Metrics.ToDictionary(m => m.Key, m => m.Value);
        Assert.Equal(("5", "0.125"), (parameters["trainer.maximum_number_of_iterations"], parameters["trainer.l2_regularization"]));
        Assert.Contains("ColumnConcatenatingTransformer > BinaryPredictionTransformer", parameters["pipeline.steps"], StringComparison.Ordinal);
        Assert.Equal("LinearBinaryModelParameters", parameters["model.type"]);
        Assert.Equal(evaluation.Accuracy, metrics["accuracy"]);
        var accuracies = folds.Select(f => f.Metrics.Accuracy).ToList();
        Assert.Equal(accuracies.Average(), metrics["cv_accuracy_mean"], 12);
        Assert.Equal(Math.Sqrt(accuracies.Sum(a => Math.Pow(a - accuracies.Average(), 2)) / 2), metrics["cv_accuracy_std"], 12);
        Assert.Equal(accuracies, (await client.Runs.GetMetricHistoryAsync(run.RunId, "cv_accuracy", Cancel).ToListAsync(Cancel)).OrderBy(m => m.Step).Select(m => m.Value));

        using var matrix = await JsonDocument.ParseAsync(await client.Runs.DownloadArtifactAsync(run.RunId, "confusion_matrix.json", Cancel), cancellationToken: Cancel);
        Assert.Equal(200, matrix.RootElement.GetProperty("counts").EnumerateArray().SelectMany(r => r.EnumerateArray()).Sum(c => c.GetDouble()));

        var registered = await client.Models.GetVersionAsync(name, "latest", Cancel);
        Assert.Equal((version!.Version, run.RunId), (registered.Version, registered.Lineage.RunId));
        Assert.Equal(["Age", "Income"], registered.Signature!.Inputs.Select(i => i.Name));
        Assert.Equal(["label", "probability", "score"], registered.Signature.Outputs.Select(o => o.Name));
        await using var zip = await client.Runs.DownloadArtifactAsync(run.RunId, "model/model.zip", Cancel);
        using var copy = new MemoryStream();
        await zip.CopyToAsync(copy, Cancel);
        Assert.Equal(registered.Blob!.Length, copy.Length);
        copy.Position = 0;
        Assert.NotNull(ml.Model.Load(copy, out _));
    }

    [Fact]
    public async Task ConfusionMatrix_WithTooFewNames_IsRefused()
    {
        var ml = new MLContext(seed: 1);
        var random = new Random(1);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 50).Select(_ => Customer.Next(random)).ToList());
        var model = ml.Transforms.Concatenate("Features", "Age", "Income").Append(ml.BinaryClassification.Trainers.SdcaLogisticRegression()).Fit(data);
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        await using var run = await client.StartRunAsync($"churn-{Guid.NewGuid():N}", cancellationToken: Cancel);

        await Assert.ThrowsAsync<ArgumentException>(() => run.LogConfusionMatrixAsync(ml.BinaryClassification.Evaluate(model.Transform(data)).ConfusionMatrix, ["one"], cancellationToken: Cancel));
    }

    private sealed class Customer
    {
        public float Age { get; set; }

        public float Income { get; set; }

        public bool Label { get; set; }

        public static Customer Next(Random random)
        {
            var (age, income) = (random.NextSingle(), random.NextSingle());
            return new Customer { Age = age, Income = income, Label = age + (0.3 * random.NextSingle()) > income };
        }
    }
}
