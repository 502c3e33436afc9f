using System.Globalization;
using MlopsGrains.Grains.Data;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>data/validate</c>: judges data by expectations; a broken one of severity error rejects the run.</summary>
internal sealed class DataValidateStep : IStepExecutor
{
    private const int SampleShown = 5;

    public StepKind Kind { get; } = new(
        "data/validate",
        [
            new("data", StepInputType.Digest, "The rows, a CSV.", Required: true),
            new("expectations", StepInputType.Expectations, "What must hold of them; see below.", Required: true),
        ],
        ["rows", "rules", "warnings"],
        "Judges data; rejects the run when an expectation of severity error is broken.");

    public IEnumerable<Right> Rights(StepInputs with) =>
        [];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var suite = ExpectationSuite.Parse(context.With.Required("expectations"), "with.expectations");
        var digest = Names.CheckDigest("with.data", context.With.Text("data"));
        var stream = await context.Blobs.OpenReadAsync(digest, cancellationToken);
        var report = await StepContext.Compute(() => suite.Evaluate(stream, cancellationToken));
        foreach (var result in report.Results)
        {
            var mark = result.Success ? "holds" : result.Expectation.Severity == ExpectationSeverity.Warn ? "WARNING" : "BROKEN";
            context.Log($"{mark}: {Text(result)}");
        }

        var broken = report.Results.Where(r => !r.Success && r.Expectation.Severity == ExpectationSeverity.Error).ToList();
        return broken.Count > 0
            ? StepContext.Rejected($"{broken.Count} of {report.Results.Count} expectations are broken: {string.Join("; ", broken.Select(Text))}")
            : StepContext.Succeeded(
                ("rows", report.Rows.ToString(CultureInfo.InvariantCulture)),
                ("rules", report.Results.Count.ToString(CultureInfo.InvariantCulture)),
                ("warnings", report.Results.Count(r => !r.Success).ToString(CultureInfo.InvariantCulture)));
    }

    private static string Text(ExpectationResult result) =>
        result.Sample.Count == 0 || result.Success ? result.Message : $"{result.Message} (such as {string.Join(", ", result.Sample.Take(SampleShown).Select(s => $"'{s}'"))})";
}
