using System.Text.Json;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>A checked definition: every reference leads somewhere and the steps form no cycle.</summary>
/// <param name="Name">Pipeline.</param>
/// <param name="Description">Free text.</param>
/// <param name="Params">Names with their default values (scalars), in the order of the text.</param>
/// <param name="Steps">In an order in which every step comes after its needs; else as written.</param>
/// <param name="AlertTriggers">Deployments whose alerts start the pipeline.</param>
internal sealed record PipelineSpec(
    string Name,
    string? Description,
    IReadOnlyList<KeyValuePair<string, JsonElement>> Params,
    IReadOnlyList<StepSpec> Steps,
    IReadOnlyList<string> AlertTriggers);

/// <param name="Name">Unique in the definition.</param>
/// <param name="Uses">Kind of step.</param>
/// <param name="Needs">Steps named by <c>needs</c> and by references.</param>
/// <param name="Matrix">Fan-out: every combination of the lists' values is one step.</param>
/// <param name="With">Inputs as JSON text, references unresolved.</param>
/// <param name="Attempts">How often the step's own errors are tried, 1–<see cref="PipelineLimits.AttemptsMax"/>.</param>
/// <param name="Timeout">Longest time of one attempt.</param>
internal sealed record StepSpec(
    string Name,
    string Uses,
    IReadOnlyList<string> Needs,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<JsonElement>>> Matrix,
    string With,
    int Attempts,
    TimeSpan Timeout)
{
    /// <summary>The steps of a run that this becomes: one for every combination of its matrix.</summary>
    public List<(string Name, Dictionary<string, JsonElement>? Matrix)> Variants()
    {
        if (Matrix.Count == 0)
        {
            return [(Name, null)];
        }

        IEnumerable<Dictionary<string, JsonElement>> combinations = [[]];
        foreach (var (key, values) in Matrix)
        {
            combinations = combinations.SelectMany(c => values.Select(v => new Dictionary<string, JsonElement>(c) { [key] = v }));
        }

        return [.. combinations.Select(c => ($"{Name}@{string.Join('-', c.Values.Select(ScalarText.Of))}", (Dictionary<string, JsonElement>?)c))];
    }
}
