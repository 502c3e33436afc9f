namespace MlopsGrains.Algorithms.Filters;

/// <summary>A filter as a tree of <see cref="FilterAnd"/>, <see cref="FilterOr"/>, <see cref="FilterNot"/> and <see cref="FilterComparison"/>.</summary>
public abstract record FilterExpression
{
    /// <summary>The filter that everything passes.</summary>
    public static FilterExpression Everything { get; } = new FilterAnd([]);

    /// <summary>Makes a test of the tree; <paramref name="bindComparison"/> makes one of each comparison, once, in the order they are written.</summary>
    public Func<T, bool> Bind<T>(Func<FilterComparison, Func<T, bool>> bindComparison)
    {
        ArgumentNullException.ThrowIfNull(bindComparison);
        switch (this)
        {
            case FilterAnd and:
                var all = and.Terms.Select(t => t.Bind(bindComparison)).ToArray();
                return all.Length == 1 ? all[0] : item => Array.TrueForAll(all, test => test(item));
            case FilterOr or:
                var any = or.Terms.Select(t => t.Bind(bindComparison)).ToArray();
                return item => Array.Exists(any, test => test(item));
            case FilterNot not:
                var inner = not.Term.Bind(bindComparison);
                return item => !inner(item);
            default:
                return bindComparison((FilterComparison)this);
        }
    }

    /// <summary>The comparisons, in the order they are written.</summary>
    public IEnumerable<FilterComparison> Comparisons() => this switch
    {
        FilterAnd and => and.Terms.SelectMany(t => t.Comparisons()),
        FilterOr or => or.Terms.SelectMany(t => t.Comparisons()),
        FilterNot not => not.Term.Comparisons(),
        _ => [(FilterComparison)this],
    };
}

/// <summary>Passes what all terms pass; everything when there are none.</summary>
public sealed record FilterAnd(IReadOnlyList<FilterExpression> Terms) : FilterExpression;

/// <summary>Passes what at least one term passes.</summary>
public sealed record FilterOr(IReadOnlyList<FilterExpression> Terms) : FilterExpression;

/// <summary>Passes exactly what the term does not pass; so also what lacks the key that the term compares.</summary>
public sealed record FilterNot(FilterExpression Term) : FilterExpression;
