using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>
/// Runs one kind of step in a worker. It runs at least once: side effects outside must be repeatable under <see cref="StepContext.Key"/>.
/// An exception fails the attempt with its message.
/// </summary>
public interface IStepExecutor
{
    /// <summary>Name, inputs and outputs. Inputs are checked against it when a definition is registered, when a run starts, and before the step runs.</summary>
    StepKind Kind { get; }

    /// <summary>What is wrong with inputs that are right one by one; called at the same times, with what is known.</summary>
    IEnumerable<StepFault> Faults(StepCheck check) => [];

    /// <summary>What the user for whom a run acts must be allowed for this step, besides reading the blobs that its inputs name by digest.</summary>
    IEnumerable<Right> Rights(StepInputs with);

    Task<StepResult> Run(StepContext context, CancellationToken cancellationToken);
}
