namespace MlopsGrains.Algorithms.Filters;

/// <summary>One comparison of a filter, not yet bound to what a domain knows: <c>entity.name op value</c>.</summary>
/// <param name="Entity">The word before the first dot, or <see langword="null"/> for a bare name.</param>
/// <param name="Name">The name, without quotes.</param>
/// <param name="Operator">How to compare.</param>
/// <param name="Values">One literal; several for <see cref="FilterOperator.In"/>; none for the null tests.</param>
/// <param name="Position">Where the comparison begins in the text, from 0.</param>
public sealed record FilterComparison(string? Entity, string Name, FilterOperator Operator, IReadOnlyList<FilterLiteral> Values, int Position)
{
    /// <summary>The key as a user writes it.</summary>
    public string Key => Entity is null ? Name : $"{Entity}.{Name}";
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
public sealed class FilterSyntaxException(string message) : Exception(message);
