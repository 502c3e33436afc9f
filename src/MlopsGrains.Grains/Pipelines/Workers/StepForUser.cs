using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Workers;

/// <summary>Runs a step with no more rights than the user has for whom the run acts. What the step makes is that user's.</summary>
internal sealed class StepForUser(IStepExecutor step, Principal who, Rights rights) : IStepExecutor
{
    public StepKind Kind => step.Kind;

    public IEnumerable<StepFault> Faults(StepCheck check) => step.Faults(check);

    public IEnumerable<Right> Rights(StepInputs with) => step.Rights(with);

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var absent = await rights.Require(who, [.. Blobs(context.With), .. step.Rights(context.With)], cancellationToken);
        try
        {
            return await step.Run(context, cancellationToken);
        }
        finally
        {
            await rights.Own(who, absent, CancellationToken.None);
        }
    }

    /// <summary>Whatever the step takes by digest, it reads.</summary>
    private IEnumerable<Right> Blobs(StepInputs with) =>
        (Kind.Inputs ?? []).Where(i => i.Type == StepInputType.Digest).Select(i => with.TextOrNull(i.Name)).OfType<string>().Select(d => new Right.ToRead(d));
}
