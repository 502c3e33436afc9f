using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>gate/metrics</c>: lets a model pass or rejects the run, with every reason.</summary>
internal sealed class GateMetricsStep : IStepExecutor
{
    private const string MetricSummary = "The metric; see the table of metrics.";

    public StepKind Kind { get; } = new(
        "gate/metrics",
        [
            new("metrics", StepInputType.Numbers, "What was measured of the candidate.", Required: true),
            new("baseline", StepInputType.Numbers, "What was measured of the baseline."),
            new("champion", StepInputType.Numbers, "What was measured of the champion; without one its checks pass."),
            new("thresholds", StepInputType.Objects, "Bounds; each with a least value, a greatest, or both.", Items:
            [
                new("metric", StepInputType.Text, MetricSummary, Required: true),
                new("min", StepInputType.Number, "The least value."),
                new("max", StepInputType.Number, "The greatest value."),
            ]),
            new("change", StepInputType.Objects, "How much better than another model; by a difference, a share of its value, or both.", Items:
            [
                new("metric", StepInputType.Text, MetricSummary, Required: true),
                new("against", StepInputType.Text, "The other model.", Default: "baseline", Choices: ["baseline", "champion"]),
                new("absolute", StepInputType.Number, "The least gain; a negative one tolerates a loss."),
                new("relative", StepInputType.Number, "The least gain as a share of the other's value."),
            ]),
        ],
        ["passed"],
        "Lets a model pass, or rejects the run with every reason.");

    public IEnumerable<StepFault> Faults(StepCheck check) => MetricGate.Faults(check);

    public IEnumerable<Right> Rights(StepInputs with) =>
        [];

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
