using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments;

/// <summary>Binds a comparison's operator and literals to a test of a text or a number, and refuses what does not fit.</summary>
internal static class FilterBinding
{
    /// <summary>Reads a filter of things without a history.</summary>
    /// <exception cref="MlopsException">Bad syntax, or what <paramref name="bind"/> refuses; it names the field.</exception>
    public static Func<T, bool> Bind<T>(string field, string? text, Func<FilterComparison, Func<T, bool>> bind) =>
        Parse(field, text).Bind(comparison => comparison.Function is null
            ? bind(comparison)
            : throw Wrong(field, comparison, "only the metrics of runs have a history that a function can look at"));

    /// <exception cref="MlopsException">Bad syntax; it names the field.</exception>
    public static FilterExpression Parse(string field, string? text)
    {
        try
        {
            return FilterSyntax.Parse(text);
        }
        catch (FilterSyntaxException e)
        {
            throw MlopsException.Invalid(field, $"Invalid {field}: {e.Message}.");
        }
    }

    public static Func<string, bool> Texts(string field, FilterComparison comparison)
    {
        if (comparison.Values.FirstOrDefault(v => v.Number is not null) is { } number)
        {
            throw Wrong(field, comparison, $"expected a quoted text, found {number.Text}");
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
                throw Wrong(field, comparison, "a text takes =, !=, LIKE, ILIKE, IN and NOT IN");
        }
    }

    public static Func<double, bool> Numbers(string field, FilterComparison comparison)
    {
        if (comparison.Values is not [{ Number: { } number }])
        {
            throw Wrong(field, comparison, "a number takes =, !=, >, >=, < and <= with a number");
        }

        return comparison.Operator switch
        {
            FilterOperator.Equal => value => value == number,
            FilterOperator.NotEqual => value => value != number,
            FilterOperator.Greater => value => value > number,
            FilterOperator.GreaterOrEqual => value => value >= number,
            FilterOperator.Less => value => value < number,
            FilterOperator.LessOrEqual => value => value <= number,
            _ => throw Wrong(field, comparison, "a number takes =, !=, >, >=, < and <="),
        };
    }

    public static MlopsException Wrong(string field, FilterComparison comparison, string why) =>
        MlopsException.Invalid(field, $"Invalid comparison of {comparison.Key} at position {comparison.Position + 1}: {why}.");
}
