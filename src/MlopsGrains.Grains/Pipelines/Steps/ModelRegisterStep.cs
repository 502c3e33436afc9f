using System.Globalization;
using System.Text.Json;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>model/register</c>: makes a trained candidate a model version with its signature, metrics and lineage.</summary>
internal sealed class ModelRegisterStep : IStepExecutor
{
    public StepKind Kind { get; } = new(
        "model/register",
        [
            new("name", StepInputType.ModelName, "The registered model; made when it is new.", Required: true),
            new("run_id", StepInputType.Text, "The tracked run that trained it.", Required: true),
            new("model", StepInputType.Digest, "The model's file.", Required: true),
            new("metrics", StepInputType.Numbers, "What was measured, kept with the version."),
            new("alias", StepInputType.Text, "An alias to set to the new version."),
            new("description", StepInputType.Text, "Free text."),
        ],
        ["name", "version", "model"],
        "Makes a trained candidate a model version with its signature, metrics and lineage.");

    public IEnumerable<Right> Rights(StepInputs with) =>
        [new Right.On(PermissionLevel.Edit, PermissionKind.RegisteredModel, with.Text("name"), OrCreates: true), new Right.OnRun(PermissionLevel.Read, with.Text("run_id"))];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var with = context.With;
        var name = Names.CheckModel("with.name", with.Text("name"));
        var digest = Names.CheckDigest("with.model", with.Text("model"));
        var run = await context.Grains.GetGrain<IRunGrain>(with.Text("run_id")).Get(cancellationToken) ?? throw TrackingErrors.NoRun(with.Text("run_id"));
        var metrics = with.Find("metrics") is { } m ? StepData.Metrics("with.metrics", m) : [];
        var grain = context.Grains.GetGrain<IRegisteredModelGrain>(name);
        var version = await grain.AddVersion(
            new NewModelVersion("mlnet", await Blob(context, digest, cancellationToken), await Signature(context, run.Info, cancellationToken), Lineage(context, run), metrics, with.TextOrNull("description"), context.Key),
            cancellationToken);
        if (with.TextOrNull("alias") is { } alias)
        {
            await grain.SetAlias(alias, version.Version, cancellationToken);
            context.Log($"{name}/{version.Version} is now '{alias}'");
        }

        context.Log($"Registered {name}, version {version.Version}, of run {run.Info.RunId}");
        return StepContext.Succeeded(("name", name), ("version", version.Version.ToString(CultureInfo.InvariantCulture)), ("model", digest));
    }

    private static async Task<ModelSignature> Signature(StepContext context, RunInfo run, CancellationToken cancellationToken)
    {
        var blob = await StepData.Directory(context, run).Find(ModelTrainStep.SignaturePath, cancellationToken)
            ?? throw MlopsException.NotFound("Artifact", $"{run.RunId}/{ModelTrainStep.SignaturePath}");
        await using var stream = await context.Blobs.OpenReadAsync(blob.Digest, cancellationToken);
        return (await JsonSerializer.DeserializeAsync<ModelSignature>(stream, JsonSerializerOptions.Web, cancellationToken))!;
    }

    private static async Task<BlobRef> Blob(StepContext context, string digest, CancellationToken cancellationToken)
    {
        await using var stream = await context.Blobs.OpenReadAsync(digest, cancellationToken);
        return new BlobRef(digest, stream.Length);
    }

    private static ModelLineage Lineage(StepContext context, Run run)
    {
        var tags = run.Tags.ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        return new ModelLineage(
            run.Info.RunId,
            run.Info.ExperimentId,
            context.PipelineRunId,
            tags.GetValueOrDefault("dataset.name"),
            int.TryParse(tags.GetValueOrDefault("dataset.version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null,
            tags.GetValueOrDefault("dataset.digest"),
            tags.GetValueOrDefault("data.train.digest"),
            tags.GetValueOrDefault("code.version"),
            tags.GetValueOrDefault("environment"),
            long.TryParse(tags.GetValueOrDefault("seed"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed) ? seed : null);
    }
}
