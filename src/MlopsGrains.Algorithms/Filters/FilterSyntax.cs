using System.Globalization;

namespace MlopsGrains.Algorithms.Filters;

/// <summary>
/// The tracking protocols' filter grammar and what it grew: comparisons joined by AND (a trailing AND is tolerated), OR, NOT and parentheses, comparisons of
/// a function of a key's history, and order keys with a direction. NOT binds tighter than AND, AND tighter than OR. It knows no entity and no attribute; a
/// domain binds the comparisons.
/// </summary>
/// <remarks>
/// <code>
/// filter     := [ or [AND] ]
/// or         := and { OR and }
/// and        := term { AND term }
/// term       := NOT term | '(' or ')' | comparison
/// comparison := operand op value | operand [NOT] IN '(' text {',' text} ')' | operand IS [NOT] NULL
/// operand    := key | min(key) | max(key) | avg(key) | last(key) | at(key, step)
/// key        := [ entity '.' ] name          the name may be quoted with `…` or "…"
/// </code>
/// </remarks>
public static class FilterSyntax
{
    /// <summary>Longest filter, in characters.</summary>
    public const int LengthMax = 64 * 1024;

    /// <summary>Most comparisons in one filter.</summary>
    public const int ComparisonsMax = 200;

    /// <summary>Most parentheses and NOTs inside each other.</summary>
    public const int NestingMax = 100;

    /// <summary>Reads a filter; an empty text is <see cref="FilterExpression.Everything"/>.</summary>
    /// <exception cref="FilterSyntaxException">The text is not a filter, or exceeds a limit, which the message names.</exception>
    public static FilterExpression Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return FilterExpression.Everything;
        }

        CheckLength(text);
        var reader = new Reader(FilterLexer.Read(text));
        var filter = Or(reader, 0);
        return reader.Current.Kind == TokenKind.End ? filter : throw reader.Unexpected("AND, OR or the end");
    }

    /// <summary>Reads an order key: <c>metrics.`val loss` DESC</c>, <c>max(metrics.acc)</c>. Ascending when no direction is given.</summary>
    /// <exception cref="FilterSyntaxException">The text is not an order key.</exception>
    public static FilterOrder ParseOrder(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        CheckLength(text);
        var reader = new Reader(FilterLexer.Read(text));
        var (entity, name, function) = Operand(reader);
        var ascending = !reader.Skip("desc");
        if (ascending)
        {
            reader.Skip("asc");
        }

        return reader.Current.Kind == TokenKind.End ? new FilterOrder(entity, name, function, ascending)
            : throw Reader.At(reader.Current, $"Invalid ordering key in order_by clause '{text}': {reader.Unexpected("ASC, DESC or the end").Message}");
    }

    private static void CheckLength(string text)
    {
        if (text.Length > LengthMax)
        {
            throw new FilterSyntaxException($"it has {text.Length} characters; at most {LengthMax}", LengthMax, text.Length - LengthMax);
        }
    }

    private static FilterExpression Or(Reader reader, int nesting)
    {
        var terms = new List<FilterExpression> { And(reader, nesting) };
        while (reader.Skip("or"))
        {
            terms.Add(And(reader, nesting));
        }

        return terms.Count == 1 ? terms[0] : new FilterOr(terms);
    }

    private static FilterExpression And(Reader reader, int nesting)
    {
        var terms = new List<FilterExpression> { Term(reader, nesting) };
        while (reader.Skip("and") && reader.Current.Kind != TokenKind.End)
        {
            terms.Add(Term(reader, nesting));
        }

        return terms.Count == 1 ? terms[0] : new FilterAnd(terms);
    }

    private static FilterExpression Term(Reader reader, int nesting)
    {
        if (nesting > NestingMax)
        {
            throw Reader.At(reader.Current, $"at position {reader.Current.Position + 1} parentheses and NOTs are nested deeper than {NestingMax}");
        }

        if (reader.Skip("not"))
        {
            return new FilterNot(Term(reader, nesting + 1));
        }

        if (!reader.SkipSymbol("("))
        {
            return Comparison(reader);
        }

        var inner = Or(reader, nesting + 1);
        return reader.SkipSymbol(")") ? inner : throw reader.Unexpected("AND, OR or ')'");
    }

    private static FilterComparison Comparison(Reader reader)
    {
        reader.CountComparison();
        var position = reader.Current.Position;
        var (entity, name, function) = Operand(reader);
        var op = Operator(reader);
        IReadOnlyList<FilterLiteral> values = op switch
        {
            FilterOperator.IsNull or FilterOperator.IsNotNull => [],
            FilterOperator.In or FilterOperator.NotIn => List(reader),
            _ => [Literal(reader)],
        };
        return new FilterComparison(entity, name, op, values, position, function, reader.End - position);
    }

    private static (string? Entity, string Name, FilterFunction? Function) Operand(Reader reader)
    {
        var token = reader.Current;
        var (entity, name) = Key(reader);
        if (entity is not null || token.Kind != TokenKind.Word || !reader.SkipSymbol("("))
        {
            return (entity, name, null);
        }

        var kind = name.ToUpperInvariant() switch
        {
            "MIN" => FilterFunctionKind.Min,
            "MAX" => FilterFunctionKind.Max,
            "AVG" => FilterFunctionKind.Average,
            "LAST" => FilterFunctionKind.Last,
            "AT" => FilterFunctionKind.At,
            _ => throw Reader.At(token, $"'{name}' at position {token.Position + 1} is not a function; functions are min, max, avg, last and at"),
        };
        (entity, name) = Key(reader);
        var step = kind == FilterFunctionKind.At ? Step(reader) : 0;
        return reader.SkipSymbol(")") ? (entity, name, new FilterFunction(kind, step)) : throw reader.Unexpected("')'");
    }

    private static long Step(Reader reader)
    {
        if (!reader.SkipSymbol(","))
        {
            throw reader.Unexpected("',' and a step");
        }

        if (reader.Current.Kind != TokenKind.Number || !long.TryParse(reader.Current.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var step))
        {
            throw reader.Unexpected("a step, a whole number,");
        }

        reader.Advance();
        return step;
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
            throw Reader.At(token, $"Expected 'Identifier' found '{token.Text}': {reader.Unexpected("a key such as metrics.accuracy").Message}");
        }

        reader.Advance();
        if (token.QuotedName is { } quoted)
        {
            return quoted.Length > 0 ? (token.Text, quoted) : throw Reader.At(token, $"the key at position {token.Position + 1} is empty");
        }

        // The one key with a space that may stand without quotes.
        if (token.IsWord("run") && reader.Skip("name"))
        {
            return (null, "run name");
        }

        var dot = token.Text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? (null, token.Text)
            : dot + 1 < token.Text.Length ? (token.Text[..dot], token.Text[(dot + 1)..])
            : throw Reader.At(token, $"the key at position {token.Position + 1} ends with a dot");
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

        const string NotEmpty = "While parsing a list in the query, expected a non-empty list of string values, but got";
        var values = new List<FilterLiteral>();
        do
        {
            if (reader.Current.IsSymbol(")") || reader.Current.IsSymbol(","))
            {
                throw Reader.At(reader.Current, $"{NotEmpty} {(values.Count == 0 && reader.Current.IsSymbol(")") ? "empty" : "ill-formed")} list at position {reader.Current.Position + 1}");
            }

            var token = reader.Current;
            var value = Literal(reader);
            values.Add(value.Number is null
                ? value
                : throw Reader.At(token, $"While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: the number {value.Text}"));
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

        var unexpected = reader.Unexpected("a number or a quoted text");
        throw token.Kind is TokenKind.Word or TokenKind.Text
            ? Reader.At(token, $"Parameter value is either not quoted or unidentified quote types used for string value {token.Text}. Use either single or double quotes: {unexpected.Message}")
            : unexpected;
    }

    private sealed class Reader(List<Token> tokens)
    {
        private int at;
        private int comparisons;

        public Token Current => tokens[at];

        /// <summary>Where what was read last ends.</summary>
        public int End => at == 0 ? 0 : tokens[at - 1].End;

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

        public void CountComparison()
        {
            if (++comparisons > ComparisonsMax)
            {
                throw At(Current, $"it has more than {ComparisonsMax} comparisons");
            }
        }

        public static FilterSyntaxException At(Token token, string message) => new(message, token.Position, token.Length);

        public FilterSyntaxException Unexpected(string expected) => At(
            Current,
            Current.Kind == TokenKind.End ? $"it ends where {expected} is expected" : $"found '{Current.Text}' at position {Current.Position + 1} where {expected} is expected");
    }
}
