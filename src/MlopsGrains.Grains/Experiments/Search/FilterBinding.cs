using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Binds a comparison's operator and literals to a test of a text or a number, and refuses what does not fit.</summary>
internal static class FilterBinding
{
    private const string NumberSigns = "=, !=, >, >=, <, <=";

    /// <summary>Reads a filter of things without a history.</summary>
    /// <exception cref="MlopsException">Bad syntax, or what <paramref name="bind"/> refuses; it names the field.</exception>
    public static Func<T, bool> Bind<T>(string field, string? text, Func<FilterComparison, Func<T, bool>> bind) =>
        Parse(field, text).Bind(comparison => comparison.Function is null
            ? bind(comparison)
            : throw FilterWords.Wrong(field, comparison, "only the metrics of runs have a history that a function can look at"));

    /// <exception cref="MlopsException">Bad syntax; it names the field.</exception>
    public static FilterExpression Parse(string field, string? text)
    {
        try
        {
            return FilterSyntax.Parse(text);
        }
        catch (FilterSyntaxException e)
        {
            throw FilterWords.BadFilter(field, e);
        }
    }

    public static Func<string, bool> Texts(string field, FilterComparison comparison)
    {
        if (comparison.Values.FirstOrDefault(v => v.Number is not null) is { } number)
        {
            throw FilterWords.NotText(field, comparison, number.Text);
        }

        var text = comparison.Values.Count > 0 ? comparison.Values[0].Text : "";
        switch (comparison.Operator)
        {
            case FilterOperator.Equal:
                return value => value == text;
            case FilterOperator.NotEqual:
                return value => value != text;
            case FilterOperator.Like or FilterOperator.ILike:
                var pattern = new LikePattern(text, comparison.Operator == FilterOperator.ILike);
                return pattern.Matches;
            case FilterOperator.In or FilterOperator.NotIn:
                var (set, wanted) = (comparison.Values.Select(v => v.Text).ToHashSet(StringComparer.Ordinal), comparison.Operator == FilterOperator.In);
                return value => set.Contains(value) == wanted;
            default:
                throw FilterWords.BadComparator(field, comparison, "=, !=, LIKE, ILIKE, IN, NOT IN");
        }
    }

    public static Func<double, bool> Numbers(string field, FilterComparison comparison)
    {
        if (comparison.Operator is FilterOperator.In or FilterOperator.NotIn or FilterOperator.IsNull or FilterOperator.IsNotNull or FilterOperator.Like or FilterOperator.ILike)
        {
            throw FilterWords.BadComparator(field, comparison, NumberSigns);
        }

        if (comparison.Values is not [{ Number: { } number }])
        {
            throw FilterWords.NotNumber(field, comparison, comparison.Values is [var text, ..] ? text.Text : "nothing");
        }

        return comparison.Operator switch
        {
            FilterOperator.Equal => value => value == number,
            FilterOperator.NotEqual => value => value != number,
            FilterOperator.Greater => value => value > number,
            FilterOperator.GreaterOrEqual => value => value >= number,
            FilterOperator.Less => value => value < number,
            FilterOperator.LessOrEqual => value => value <= number,
            _ => throw FilterWords.BadComparator(field, comparison, NumberSigns),
        };
    }
}
