using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>gate/metrics</c>: lets a model pass or rejects the run, with every reason.</summary>
internal sealed class GateMetricsStep : IStepExecutor
{
    public StepKind Kind { get; } = new("gate/metrics", ["metrics", "baseline", "champion", "thresholds", "change"], ["passed"]);

    public Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var checks = MetricGate.Judge(context.With, StepData.Metrics("with.metrics", context.With.Required("metrics")));
        foreach (var (passed, text) in checks)
        {
            context.Log($"{(passed ? "passed" : "FAILED")}: {text}");
        }

        var failed = checks.Where(c => !c.Passed).Select(c => c.Text).ToList();
        return Task.FromResult(failed.Count == 0 ? StepContext.Succeeded(("passed", "true")) : StepContext.Rejected(string.Join("; ", failed)));
    }
}
