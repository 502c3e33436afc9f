using System.Globalization;
using System.Text;

namespace MlopsGrains.Algorithms.Filters;

internal enum TokenKind
{
    Word,
    Text,
    Number,
    Symbol,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Text">A word or symbol as written, a text without its quotes.</param>
/// <param name="Position">Where it begins.</param>
/// <param name="QuotedName">The quoted rest of a word that ends with a dot: <c>metrics.`val loss`</c>.</param>
/// <param name="Quote">The quote of a text.</param>
/// <param name="Length">As written, with its quotes.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Position, string? QuotedName = null, char Quote = '\0', int Length = 0)
{
    public int End => Position + Length;

    public bool IsWord(string word) => Kind == TokenKind.Word && QuotedName is null && Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    public bool IsSymbol(string symbol) => Kind == TokenKind.Symbol && Text == symbol;
}

/// <summary>Cuts filter and order texts into words, texts, numbers and symbols.</summary>
internal static class FilterLexer
{
    private static readonly string[] Symbols = ["!=", ">=", "<=", "=", ">", "<", "(", ")", ","];

    public static List<Token> Read(string text)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                tokens.Add(new Token(TokenKind.End, "", at));
                return tokens;
            }

            var start = at;
            tokens.Add(Next(text, ref at) with { Length = at - start });
        }
    }

    private static Token Next(string text, ref int at)
    {
        var start = at;
        var c = text[at];
        if (c is '\'' or '"' or '`')
        {
            return new Token(TokenKind.Text, Quoted(text, ref at), start, Quote: c);
        }

        if (char.IsAsciiDigit(c) || (c is '-' or '+' or '.' && at + 1 < text.Length && (char.IsAsciiDigit(text[at + 1]) || text[at + 1] == '.')))
        {
            return Number(text, ref at);
        }

        if (char.IsLetter(c) || c == '_')
        {
            return Word(text, ref at);
        }

        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, at, symbol, 0, symbol.Length) == 0)
            {
                at += symbol.Length;
                return new Token(TokenKind.Symbol, symbol, start);
            }
        }

        throw new FilterSyntaxException($"{(c == ';' ? "Search filter contained multiple expression(s): " : "")}unexpected '{c}' at position {at + 1}", at, 1);
    }

    private static Token Word(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '/' or ':'))
        {
            at++;
        }

        var word = text[start..at];
        if (word.EndsWith('.') && at < text.Length && text[at] is '`' or '"')
        {
            return new Token(TokenKind.Word, word[..^1], start, Quoted(text, ref at));
        }

        return new Token(TokenKind.Word, word, start);
    }

    private static Token Number(string text, ref int at)
    {
        var start = at++;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '.' || (text[at] is '-' or '+' && text[at - 1] is 'e' or 'E')))
        {
            at++;
        }

        var number = text[start..at];
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? new Token(TokenKind.Number, number, start)
            : throw new FilterSyntaxException($"'{number}' at position {start + 1} is not a number", start, number.Length);
    }

    /// <summary>A doubled quote stands for itself.</summary>
    private static string Quoted(string text, ref int at)
    {
        var (start, quote) = (at, text[at]);
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != quote)
            {
                value.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == quote)
            {
                value.Append(quote);
                at++;
            }
            else
            {
                at++;
                return value.ToString();
            }
        }

        throw new FilterSyntaxException($"the quote at position {start + 1} is not closed", start, text.Length - start);
    }
}
