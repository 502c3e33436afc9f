using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>What is said of filters and orders that cannot be understood, in the words of the tracking protocol, whose clients look for them; what was expected follows.</summary>
internal static class FilterWords
{
    public static MlopsException BadFilter(string field, FilterSyntaxException e) => MlopsException.Invalid(field, $"Invalid clause(s) in filter string: {e.Message}.").At(e.Position, e.Length);

    public static MlopsException UnknownEntity(string field, string? entity, string valid) => MlopsException.Invalid(field, $"Invalid entity type '{entity}'. Valid values are {valid}.");

    public static MlopsException UnknownAttribute(string field, string key, string valid) =>
        MlopsException.Invalid(field, $"Invalid attribute key '{Shown(key)}' specified. Valid keys are {valid}.");

    public static MlopsException UnknownDatasetKey(string field, string key, string valid) =>
        MlopsException.Invalid(field, $"Invalid dataset key '{Shown(key)}' specified. Valid keys are {valid}.");

    public static MlopsException BadComparator(string field, FilterComparison comparison, string valid) =>
        Wrong(field, comparison, $"Invalid comparator '{SignOf(comparison.Operator)}' not one of {valid}");

    public static MlopsException NotText(string field, FilterComparison comparison, string found) =>
        Wrong(field, comparison, $"Expected a quoted string value for {KindOf(comparison.Entity, "attributes")}. Got value {found}");

    public static MlopsException NotNumber(string field, FilterComparison comparison, string found) =>
        Wrong(field, comparison, $"Expected numeric value type for {KindOf(comparison.Entity, "numeric attribute")}. Found {found}");

    public static MlopsException Wrong(string field, FilterComparison comparison, string why) =>
        MlopsException.Invalid(field, $"Invalid comparison operator for {Shown(comparison.Key)}, or what it compares with, at position {comparison.Position + 1}: {why}.")
            .At(comparison.Position, comparison.Length);

    public static MlopsException BadOrder(string field, string text, FilterSyntaxException e) =>
        MlopsException.Invalid(field, $"Invalid order_by clause '{Shown(text)}'. Could not be parsed: {e.Message}.").At(e.Position, e.Length);

    public static MlopsException UnknownOrderKey(string field, string key, string valid) =>
        MlopsException.Invalid(field, $"Invalid order by key '{Shown(key)}' specified. Valid keys of order_by are {valid}.");

    public static MlopsException OrderedTwice(string field, string key) => MlopsException.Invalid(field, $"`order_by` contains duplicate fields: it names {Shown(key)} twice.");

    private static string KindOf(string? entity, string attribute) => entity switch
    {
        "metrics" or "metric" => "metric",
        "params" or "param" or "parameters" or "parameter" => "param",
        "tags" or "tag" => "tag",
        "datasets" or "dataset" => "dataset attributes",
        _ => attribute,
    };

    private static string SignOf(FilterOperator sign) => sign switch
    {
        FilterOperator.Equal => "=",
        FilterOperator.NotEqual => "!=",
        FilterOperator.Greater => ">",
        FilterOperator.GreaterOrEqual => ">=",
        FilterOperator.Less => "<",
        FilterOperator.LessOrEqual => "<=",
        FilterOperator.Like => "LIKE",
        FilterOperator.ILike => "ILIKE",
        FilterOperator.In => "IN",
        FilterOperator.NotIn => "NOT IN",
        FilterOperator.IsNull => "IS NULL",
        _ => "IS NOT NULL",
    };

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
