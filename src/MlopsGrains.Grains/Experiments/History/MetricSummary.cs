using MlopsGrains.Algorithms.Filters;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>A metric's whole history, NaN left out.</summary>
/// <param name="Count">Points that are numbers. With none, the rest is 0.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The greatest.</param>
/// <param name="Sum">In the order they arrived.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricSummary")]
internal readonly record struct MetricSummary([property: Id(0)] long Count, [property: Id(1)] double Min, [property: Id(2)] double Max, [property: Id(3)] double Sum)
{
    public MetricSummary With(double value) =>
        double.IsNaN(value) ? this
        : Count == 0 ? new(1, value, value, value)
        : new(Count + 1, Math.Min(Min, value), Math.Max(Max, value), Sum + value);

    /// <summary>Smallest, greatest or mean value; a history of only NaN has none.</summary>
    public double? Of(FilterFunctionKind function) => Count == 0 ? null : function switch
    {
        FilterFunctionKind.Min => Min,
        FilterFunctionKind.Max => Max,
        FilterFunctionKind.Average => Sum / Count,
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "The summary of a history does not have it."),
    };
}
