using System.Globalization;
using MlopsGrains.Deployments;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>model/deploy</c>: sends a deployment's traffic to a model version.</summary>
internal sealed class ModelDeployStep : IStepExecutor
{
    public StepKind Kind { get; } = new(
        "model/deploy",
        [
            new("deployment", StepInputType.Name, "The deployment; made when it is new.", Required: true),
            new("model", StepInputType.ModelName, "The registered model.", Required: true),
            new("version", StepInputType.Text, "Its version: a number, an alias or `latest`.", Default: "latest"),
        ],
        ["deployment", "revision", "model", "version"],
        "Sends a deployment's traffic to a model version.");

    public IEnumerable<Right> Rights(StepInputs with) =>
        [new Right.On(PermissionLevel.Edit, PermissionKind.Deployment, with.Text("deployment"), OrCreates: true), new Right.On(PermissionLevel.Read, PermissionKind.RegisteredModel, with.Text("model"))];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var name = Names.Check("with.deployment", context.With.Text("deployment"));
        var request = new DeployRequest(context.With.Text("model"), context.With.Text("version"));
        var deployment = await context.Grains.GetGrain<IDeploymentGrain>(name).Deploy(request, cancellationToken);
        var serving = deployment.Traffic.MaxBy(t => t.Percent)!.Revision;
        var revision = deployment.Revisions.First(r => r.Number == serving);
        context.Log($"{name} serves {revision.Model}/{revision.ModelVersion} as revision {revision.Number}");
        return StepContext.Succeeded(("deployment", name), ("revision", Text(revision.Number)), ("model", revision.Model), ("version", Text(revision.ModelVersion)));
    }

    private static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
}
