namespace MlopsGrains.Algorithms.Filters;

/// <summary>One comparison of a filter, not yet bound to what a domain knows: <c>entity.name op value</c> or <c>function(entity.name) op value</c>.</summary>
/// <param name="Entity">The word before the first dot, or <see langword="null"/> for a bare name.</param>
/// <param name="Name">The name, without quotes.</param>
/// <param name="Operator">How to compare.</param>
/// <param name="Values">One literal; several for <see cref="FilterOperator.In"/>; none for the null tests.</param>
/// <param name="Position">Where the comparison begins in the text, from 0.</param>
/// <param name="Function">What to compare of the key's history; <see langword="null"/> for its present value.</param>
/// <param name="Length">How many characters of the text it takes.</param>
public sealed record FilterComparison(
    string? Entity, string Name, FilterOperator Operator, IReadOnlyList<FilterLiteral> Values, int Position, FilterFunction? Function = null, int Length = 0)
    : FilterExpression
{
    /// <summary>The key as a user writes it.</summary>
    public string Key
    {
        get
        {
            var key = Entity is null ? Name : $"{Entity}.{Name}";
            return Function is null ? key : Function.Of(key);
        }
    }
}

/// <summary>One key of an order, not yet bound to what a domain knows.</summary>
/// <param name="Entity">The word before the first dot, or <see langword="null"/> for a bare name.</param>
/// <param name="Name">The name, without quotes.</param>
/// <param name="Function">What of the key's history; <see langword="null"/> for its present value.</param>
/// <param name="Ascending">Direction.</param>
public sealed record FilterOrder(string? Entity, string Name, FilterFunction? Function, bool Ascending);

/// <summary>Something computed from a key's history.</summary>
/// <param name="Kind">What.</param>
/// <param name="Step">For <see cref="FilterFunctionKind.At"/>: the step; otherwise 0.</param>
public sealed record FilterFunction(FilterFunctionKind Kind, long Step = 0)
{
    /// <summary>The call as a user writes it.</summary>
    public string Of(string key) => Kind switch
    {
        FilterFunctionKind.Min => $"min({key})",
        FilterFunctionKind.Max => $"max({key})",
        FilterFunctionKind.Average => $"avg({key})",
        FilterFunctionKind.Last => $"last({key})",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"at({key}, {Step})"),
    };
}

/// <summary>Which function of a history.</summary>
public enum FilterFunctionKind
{
    /// <summary><c>min(key)</c></summary>
    Min,

    /// <summary><c>max(key)</c></summary>
    Max,

    /// <summary><c>avg(key)</c></summary>
    Average,

    /// <summary><c>last(key)</c></summary>
    Last,

    /// <summary><c>at(key, step)</c></summary>
    At,
}

/// <summary>A literal: a number, or a quoted text when <see cref="Number"/> is <see langword="null"/>.</summary>
public sealed record FilterLiteral(string Text, double? Number);

/// <summary>How a comparison compares.</summary>
public enum FilterOperator
{
    /// <summary><c>=</c></summary>
    Equal,

    /// <summary><c>!=</c></summary>
    NotEqual,

    /// <summary><c>&gt;</c></summary>
    Greater,

    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,

    /// <summary><c>&lt;</c></summary>
    Less,

    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,

    /// <summary><c>LIKE</c></summary>
    Like,

    /// <summary><c>ILIKE</c></summary>
    ILike,

    /// <summary><c>IN (…)</c></summary>
    In,

    /// <summary><c>NOT IN (…)</c></summary>
    NotIn,

    /// <summary><c>IS NULL</c></summary>
    IsNull,

    /// <summary><c>IS NOT NULL</c></summary>
    IsNotNull,
}

/// <summary>The text is not a filter; the message says where and what was expected.</summary>
/// <param name="message">For people; positions in it count from 1.</param>
/// <param name="position">Where the fault begins, in characters from 0; the text's length when it ends too early.</param>
/// <param name="length">How many characters are at fault; 0 where something is missing.</param>
public sealed class FilterSyntaxException(string message, int position = 0, int length = 0) : Exception(message)
{
    /// <summary>Where the fault begins, in characters from 0.</summary>
    public int Position => position;

    /// <summary>How many characters are at fault; 0 where something is missing.</summary>
    public int Length => length;
}
