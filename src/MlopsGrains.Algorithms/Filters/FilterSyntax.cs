using System.Globalization;

namespace MlopsGrains.Algorithms.Filters;

/// <summary>
/// The tracking protocols' filter grammar: comparisons joined by AND (a trailing AND is tolerated), and order keys with a direction.
/// It knows no entity and no attribute; a domain binds the comparisons.
/// </summary>
public static class FilterSyntax
{
    /// <summary>Longest filter, in characters.</summary>
    public const int LengthMax = 64 * 1024;

    /// <summary>Most comparisons in one filter.</summary>
    public const int ComparisonsMax = 200;

    /// <exception cref="FilterSyntaxException">The text is not a filter.</exception>
    public static IReadOnlyList<FilterComparison> Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }

        if (text.Length > LengthMax)
        {
            throw new FilterSyntaxException($"it has {text.Length} characters; at most {LengthMax}");
        }

        var comparisons = new List<FilterComparison>();
        var reader = new Reader(FilterLexer.Read(text));
        while (true)
        {
            comparisons.Add(Comparison(reader));
            if (comparisons.Count > ComparisonsMax)
            {
                throw new FilterSyntaxException($"it has more than {ComparisonsMax} comparisons");
            }

            if (reader.Current.Kind == TokenKind.End)
            {
                return comparisons;
            }

            if (reader.Current.IsWord("or"))
            {
                throw new FilterSyntaxException($"OR at position {reader.Current.Position + 1} is not supported; only AND is");
            }

            if (!reader.Skip("and"))
            {
                throw reader.Unexpected("AND or the end");
            }

            if (reader.Current.Kind == TokenKind.End)
            {
                return comparisons;
            }
        }
    }

    /// <summary>Reads an order key: <c>metrics.`val loss` DESC</c>. Ascending when no direction is given.</summary>
    /// <exception cref="FilterSyntaxException">The text is not an order key.</exception>
    public static (string? Entity, string Name, bool Ascending) ParseOrder(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > LengthMax)
        {
            throw new FilterSyntaxException($"it has {text.Length} characters; at most {LengthMax}");
        }

        var reader = new Reader(FilterLexer.Read(text));
        var (entity, name) = Key(reader);
        var ascending = !reader.Skip("desc");
        if (ascending)
        {
            reader.Skip("asc");
        }

        return reader.Current.Kind == TokenKind.End ? (entity, name, ascending) : throw reader.Unexpected("ASC, DESC or the end");
    }

    private static FilterComparison Comparison(Reader reader)
    {
        var start = reader.Current;
        if (start.IsSymbol("("))
        {
            throw new FilterSyntaxException($"the parenthesis at position {start.Position + 1} is not supported");
        }

        var (entity, name) = Key(reader);
        var op = Operator(reader);
        IReadOnlyList<FilterLiteral> values = op switch
        {
            FilterOperator.IsNull or FilterOperator.IsNotNull => [],
            FilterOperator.In or FilterOperator.NotIn => List(reader),
            _ => [Literal(reader)],
        };
        return new FilterComparison(entity, name, op, values, start.Position);
    }

    private static (string? Entity, string Name) Key(Reader reader)
    {
        var token = reader.Current;
        if (token.Kind == TokenKind.Text && token.Quote != '\'' && token.Text.Length > 0)
        {
            reader.Advance();
            return (null, token.Text);
        }

        if (token.Kind != TokenKind.Word)
        {
            throw reader.Unexpected("a key such as metrics.accuracy");
        }

        reader.Advance();
        if (token.QuotedName is { } quoted)
        {
            return quoted.Length > 0 ? (token.Text, quoted) : throw new FilterSyntaxException($"the key at position {token.Position + 1} is empty");
        }

        // The one key with a space that may stand without quotes.
        if (token.IsWord("run") && reader.Skip("name"))
        {
            return (null, "run name");
        }

        var dot = token.Text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? (null, token.Text)
            : dot + 1 < token.Text.Length ? (token.Text[..dot], token.Text[(dot + 1)..])
            : throw new FilterSyntaxException($"the key at position {token.Position + 1} ends with a dot");
    }

    private static FilterOperator Operator(Reader reader)
    {
        var token = reader.Current;
        FilterOperator? symbol = token.Kind != TokenKind.Symbol ? null : token.Text switch
        {
            "=" => FilterOperator.Equal,
            "!=" => FilterOperator.NotEqual,
            ">" => FilterOperator.Greater,
            ">=" => FilterOperator.GreaterOrEqual,
            "<" => FilterOperator.Less,
            "<=" => FilterOperator.LessOrEqual,
            _ => null,
        };
        if (symbol is { } found)
        {
            reader.Advance();
            return found;
        }

        if (reader.Skip("like"))
        {
            return FilterOperator.Like;
        }

        if (reader.Skip("ilike"))
        {
            return FilterOperator.ILike;
        }

        if (reader.Skip("in"))
        {
            return FilterOperator.In;
        }

        if (reader.Skip("not"))
        {
            return reader.Skip("in") ? FilterOperator.NotIn : throw reader.Unexpected("IN");
        }

        if (reader.Skip("is"))
        {
            var negated = reader.Skip("not");
            return reader.Skip("null") ? (negated ? FilterOperator.IsNotNull : FilterOperator.IsNull) : throw reader.Unexpected("NULL");
        }

        throw reader.Unexpected("an operator: =, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL");
    }

    private static List<FilterLiteral> List(Reader reader)
    {
        if (!reader.SkipSymbol("("))
        {
            throw reader.Unexpected("'('");
        }

        var values = new List<FilterLiteral>();
        do
        {
            var value = Literal(reader);
            values.Add(value.Number is null ? value : throw new FilterSyntaxException($"the list holds the number {value.Text}; expected quoted texts"));
        }
        while (reader.SkipSymbol(","));
        return reader.SkipSymbol(")") ? values : throw reader.Unexpected("',' or ')'");
    }

    private static FilterLiteral Literal(Reader reader)
    {
        var token = reader.Current;
        if (token.Kind is TokenKind.Number or TokenKind.Text && token.Quote != '`')
        {
            reader.Advance();
            return new FilterLiteral(token.Text, token.Kind == TokenKind.Number ? double.Parse(token.Text, CultureInfo.InvariantCulture) : null);
        }

        throw reader.Unexpected("a number or a quoted text");
    }

    private sealed class Reader(List<Token> tokens)
    {
        private int at;

        public Token Current => tokens[at];

        public void Advance() => at++;

        public bool Skip(string word)
        {
            var found = Current.IsWord(word);
            at += found ? 1 : 0;
            return found;
        }

        public bool SkipSymbol(string symbol)
        {
            var found = Current.IsSymbol(symbol);
            at += found ? 1 : 0;
            return found;
        }

        public FilterSyntaxException Unexpected(string expected) => new(
            Current.Kind == TokenKind.End ? $"it ends where {expected} is expected" : $"found '{Current.Text}' at position {Current.Position + 1} where {expected} is expected");
    }
}
