using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>The kinds of steps that this program knows, each with the rule for inputs that depend on each other.</summary>
internal sealed class StepCatalog(IEnumerable<(StepKind Kind, Func<StepCheck, IEnumerable<StepFault>>? Rule)> entries)
{
    private readonly SortedDictionary<string, (StepKind Kind, Func<StepCheck, IEnumerable<StepFault>>? Rule)> byUse =
        new(entries.ToDictionary(e => e.Kind.Uses), StringComparer.Ordinal);

    public IReadOnlyList<StepKind> Kinds => [.. byUse.Values.Select(e => e.Kind)];

    public static StepCatalog Of(IEnumerable<IStepExecutor> executors) =>
        new(executors.Select(e => (e.Kind, (Func<StepCheck, IEnumerable<StepFault>>?)e.Faults)));

    public StepKind? Find(string uses) => byUse.TryGetValue(uses, out var entry) ? entry.Kind : null;

    /// <summary>Everything that is wrong with a step's inputs; a value in which references are left is not judged.</summary>
    public IReadOnlyList<StepFault> Faults(string uses, System.Text.Json.JsonElement with, Func<string, StepSource?>? source = null)
    {
        if (!byUse.TryGetValue(uses, out var entry) || entry.Kind.Inputs is null)
        {
            return [];
        }

        var faults = StepInputRules.Faults(entry.Kind.Inputs, with, "").ToList();
        if (entry.Rule is { } rule)
        {
            var broken = faults.Select(f => f.Input.Split('.', '[')[0]).ToHashSet(StringComparer.Ordinal);
            faults.AddRange(rule(new StepCheck(entry.Kind, with, broken, source ?? (static _ => null))));
        }

        return faults;
    }
}
