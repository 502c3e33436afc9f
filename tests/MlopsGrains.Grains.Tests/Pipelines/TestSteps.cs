using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Gives back its input.</summary>
internal sealed class EchoStep : IStepExecutor
{
    public StepKind Kind { get; } = new("test/echo");

    public IEnumerable<Right> Rights(StepInputs with) => [];

    public Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        context.Log($"{context.Key} attempt {context.Attempt}");
        var value = context.With.Find("value");
        return Task.FromResult(StepContext.Succeeded(("value", value?.ToString() ?? "")));
    }
}

/// <summary>Fails until the attempt that <c>until</c> names.</summary>
internal sealed class FlakyStep : IStepExecutor
{
    public StepKind Kind { get; } = new("test/flaky", [new("until", StepInputType.WholeNumber, "", Default: "1", Min: 1, Max: 100)], ["attempt"]);

    public IEnumerable<Right> Rights(StepInputs with) => [];

    public Task<StepResult> Run(StepContext context, CancellationToken cancellationToken) =>
        context.Attempt < context.With.Whole("until")
            ? throw new InvalidOperationException("not yet")
            : Task.FromResult(StepContext.Succeeded(("attempt", $"{context.Attempt}")));
}

/// <summary>The platform fails under its first attempts, each time in another way.</summary>
internal sealed class UnluckyStep : IStepExecutor
{
    private static readonly Exception[] Faults =
    [
        new SiloUnavailableException("the silo is gone"),
        new InvalidOperationException("Unable to connect", new SocketException((int)SocketError.ConnectionRefused)),
        MlopsException.Unavailable("try again"),
    ];

    public StepKind Kind { get; } = new("test/unlucky", [], ["attempt"]);

    public IEnumerable<Right> Rights(StepInputs with) => [];

    public Task<StepResult> Run(StepContext context, CancellationToken cancellationToken) =>
        context.Attempt <= Faults.Length ? throw Faults[context.Attempt - 1] : Task.FromResult(StepContext.Succeeded(("attempt", $"{context.Attempt}")));
}

/// <summary>Works until it is told to stop.</summary>
internal sealed class EndlessStep : IStepExecutor
{
    public static TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StepKind Kind { get; } = new("test/endless");

    public IEnumerable<Right> Rights(StepInputs with) => [];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);
        }
        finally
        {
            Stopped.TrySetResult();
        }

        return StepContext.Succeeded();
    }
}

internal static class TestSteps
{
    public static ISiloBuilder AddTestSteps(this ISiloBuilder silo, int parallel = 2)
    {
        silo.Services.AddPipelineStep<EchoStep>();
        silo.Services.AddPipelineStep<FlakyStep>();
        silo.Services.AddPipelineStep<UnluckyStep>();
        silo.Services.AddPipelineStep<EndlessStep>();
        silo.Services.Configure<PipelineOptions>(o =>
        {
            o.ParallelSteps = parallel;
            o.Lease = TimeSpan.FromSeconds(3);
            o.SweepPeriod = TimeSpan.FromMilliseconds(200);
            o.CheckPeriod = TimeSpan.FromMilliseconds(100);
        });
        return silo;
    }

    public static async Task<PipelineRun> Ended(this IGrainFactory grains, string run, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(90));
        while (true)
        {
            if (await grains.GetGrain<IPipelineRunGrain>(run).Get(deadline.Token) is { Status: not PipelineRunStatus.Running } ended)
            {
                return ended;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), deadline.Token);
        }
    }
}
