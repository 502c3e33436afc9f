using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>
/// Runs one kind of step in a worker. It runs at least once: side effects outside must be repeatable under <see cref="StepContext.Key"/>.
/// An exception fails the attempt with its message.
/// </summary>
public interface IStepExecutor
{
    /// <summary>Name, inputs and outputs, for checking definitions.</summary>
    StepKind Kind { get; }

    Task<StepResult> Run(StepContext context, CancellationToken cancellationToken);
}
