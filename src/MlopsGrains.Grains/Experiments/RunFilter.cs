using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

/// <summary>A filter over runs. A comparison, also <c>!=</c>, matches only runs that have the key; <c>IS NULL</c> asks for those that have not.</summary>
internal sealed class RunFilter
{
    private readonly Func<Run, bool> test;

    private RunFilter(Func<Run, bool> test) => this.test = test;

    /// <exception cref="MlopsException">Bad syntax, or a key or operator that runs do not have; the field is <c>filter</c>.</exception>
    public static RunFilter Parse(string? text) => new(FilterBinding.Bind<Run>("filter", text, Bind));

    public bool Matches(Run run) => test(run);

    private static Func<Run, bool> Bind(FilterComparison comparison)
    {
        var found = RunField.Find("filter", comparison.Entity, comparison.Name);
        switch (found.Kind)
        {
            case RunFieldKind.Metric or RunFieldKind.NumberAttribute:
                var number = FilterBinding.Numbers("filter", comparison);
                return run => found.Value(run) is { } value && number(value.Number);
            case RunFieldKind.Text when comparison.Operator == FilterOperator.IsNull:
                return run => found.Value(run) is null;
            case RunFieldKind.Text when comparison.Operator == FilterOperator.IsNotNull:
                return run => found.Value(run) is not null;
            case RunFieldKind.Dataset:
                var any = FilterBinding.Texts("filter", comparison);
                return run => found.Many!(run).Any(any);
            default:
                var text = FilterBinding.Texts("filter", comparison);
                return run => found.Value(run) is { Text: { } value } && text(value);
        }
    }
}
