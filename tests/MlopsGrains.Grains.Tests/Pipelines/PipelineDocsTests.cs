using System.Text;
using MlopsGrains.Grains.Data;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Pipelines;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Tables of docs/pipelines.md are made from the code.</summary>
public sealed class PipelineDocsTests
{
    [Fact]
    public void Inputs_AreDocumentedAsTheyAreChecked() => Same("step inputs", Inputs());

    [Fact]
    public void Metrics_AreDocumentedAsTheyAreMeasured() => Same("metrics", Metrics());

    [Fact]
    public void Rules_OfExpectations_AreAllDocumented()
    {
        var text = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "pipelines.md"));

        Assert.All(ExpectationSuite.Rules, rule => Assert.Contains($"| `{rule}` |", text, StringComparison.Ordinal));
    }

    private static string Inputs()
    {
        var text = new StringBuilder();
        foreach (var kind in StepInputTests.Catalog.Kinds)
        {
            text.Append($"#### `{kind.Uses}`\n\n{kind.Summary} Gives {string.Join(", ", kind.Outputs!.Select(o => $"`{o}`"))}.\n\n| `with` | Value | Default | |\n|---|---|---|---|\n");
            foreach (var input in kind.Inputs!)
            {
                text.Append($"| `{input.Name}` | {Value(input)} | {Needed(input)} | {input.Summary} |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Metrics()
    {
        var text = new StringBuilder("| Metric | Tasks | Better | |\n|---|---|---|---|\n");
        foreach (var metric in EvaluationMetric.All)
        {
            text.Append($"| `{metric.Name}` | {string.Join(", ", metric.Tasks.Select(TrainingRequest.NameOf))} | {(metric.LowerIsBetter ? "lower" : "higher")} | {metric.Summary} |\n");
        }

        return text.Append('\n').ToString();
    }

    private static string Needed(StepInput input) =>
        input.Required ? "required" : input.RequiredWhen is { } when ? $"required when `{when.Input}` is {when.Value}" : input.Default is { } standard ? $"`{standard}`" : "";

    private static string Value(StepInput input) => input.Type switch
    {
        StepInputType.Text when input.Choices is { } choices => string.Join(", ", choices.Select(c => $"`{c}`")),
        StepInputType.Text => "text",
        StepInputType.Name => "name",
        StepInputType.ModelName => "model name",
        StepInputType.Digest => "digest",
        StepInputType.WholeNumber => $"whole number{Bounds(input)}{(input.Choices is { } choices ? " or " + string.Join(" or ", choices.Select(c => $"`{c}`")) : "")}",
        StepInputType.Number => "number" + Bounds(input),
        StepInputType.Texts => "text or list of texts",
        StepInputType.Numbers => "object of numbers",
        StepInputType.Objects => $"list of {{ {string.Join(", ", input.Items!.Select(i => i.Name))} }}",
        StepInputType.Expectations => "list of rules",
        _ => "outputs of `model/train`",
    };

    private static string Bounds(StepInput input) => input.Min is null && input.Max is null ? "" : ", " + StepInputRules.Range(input);

    private static void Same(string table, string expected) =>
        Assert.Equal(expected, WrittenGuide.Part("pipelines.md", $"<!-- {table}: made from the code -->\n\n", $"<!-- end of {table} -->", expected));
}
