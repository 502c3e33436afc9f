using System.Text.Json;
using System.Text.RegularExpressions;
using MlopsGrains.Data;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>A rule that has been read and can judge data.</summary>
internal sealed class Rule
{
    private readonly Func<IReadOnlyList<string>, RuleCheck> begin;

    private Rule(Expectation expectation, Func<IReadOnlyList<string>, RuleCheck> begin)
    {
        Expectation = expectation;
        this.begin = begin;
    }

    public Expectation Expectation { get; }

    public RuleCheck Begin(IReadOnlyList<string> columns) => begin(columns);

    public static Rule Of(Expectation e, string at)
    {
        var place = $"{at}.{e.Rule}";
        if (e.Strict && e.Rule != "between")
        {
            throw MlopsException.Invalid($"{at}.strict", $"{at}.strict belongs to between, not to {e.Rule}.");
        }

        switch (e.Rule)
        {
            case "row_count_between":
                NoColumn(e, at);
                var (min, max) = RuleArgument.Bounds(e.Argument, place);
                return new(e, _ => new RowCountCheck(e, min, max));
            case "columns_exact":
                NoColumn(e, at);
                var names = RuleArgument.Texts(e.Argument, place);
                return new(e, columns => new ShapeCheck(e, columns.SequenceEqual(names), $"the columns are {string.Join(", ", columns.Take(50))}"));
            case "column_exists":
                var name = e.Column ?? RuleArgument.Text(e.Argument, place);
                return new(e, columns => new ShapeCheck(e, columns.Contains(name), columns.Contains(name) ? $"column '{name}' is there" : $"column '{name}' is not there"));
            default:
                var column = e.Column ?? throw MlopsException.Invalid($"{at}.column", $"{at}.column is required by {e.Rule}.");
                var values = Values(e, place);
                return new(e, columns => Begin(e, column, columns, values));
        }
    }

    private static RuleCheck Begin(Expectation e, string column, IReadOnlyList<string> columns, Func<ValueCheck> values)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i] == column)
            {
                return new ColumnCheck(e, i, values());
            }
        }

        return new ShapeCheck(e, false, $"column '{column}' is not there");
    }

    private static Func<ValueCheck> Values(Expectation e, string place)
    {
        switch (e.Rule)
        {
            case "not_null":
                Switched(e.Argument, place);
                return static () => new NotNullCheck();
            case "unique":
                Switched(e.Argument, place);
                return static () => new UniqueCheck();
            case "type":
                var type = RuleArgument.Text(e.Argument, place) switch
                {
                    "text" => ColumnType.Text,
                    "integer" => ColumnType.Integer,
                    "number" => ColumnType.Number,
                    "boolean" => ColumnType.Boolean,
                    var other => throw MlopsException.Invalid(place, $"{place} is '{other}'; expected text, integer, number or boolean."),
                };
                return () => new PredicateCheck(cell => CsvValue.Is(cell, type));
            case "between":
                var (min, max) = RuleArgument.Bounds(e.Argument, place);
                return e.Strict
                    ? () => new PredicateCheck(cell => CsvValue.TryNumber(cell, out var n) && n > min && n < max)
                    : () => new PredicateCheck(cell => CsvValue.TryNumber(cell, out var n) && n >= min && n <= max);
            case "length_between":
                var (shortest, longest) = RuleArgument.Bounds(e.Argument, place);
                return () => new PredicateCheck(cell => cell.Length >= shortest && cell.Length <= longest);
            case "in_set":
                var allowed = new ValueSet(e.Argument, place);
                return () => new PredicateCheck(allowed.Contains);
            case "not_in_set":
                var banned = new ValueSet(e.Argument, place);
                return () => new PredicateCheck(cell => !banned.Contains(cell));
            case "matches":
                var pattern = Pattern(RuleArgument.Text(e.Argument, place), place);
                return () => new PredicateCheck(cell => pattern.IsMatch(cell));
            default:
                throw MlopsException.Invalid(place, $"There is no rule '{e.Rule}'; the rules are {string.Join(", ", ExpectationSuite.Rules)}.");
        }
    }

    /// <summary>Without backtracking the time is linear in the cell, whatever the pattern.</summary>
    private static Regex Pattern(string pattern, string place)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw MlopsException.Invalid(place, $"{place} cannot be used as a pattern: {e.Message}");
        }
    }

    private static void NoColumn(Expectation e, string at)
    {
        if (e.Column is not null)
        {
            throw MlopsException.Invalid($"{at}.column", $"{at}.column: {e.Rule} is about the table, not about a column.");
        }
    }

    private static void Switched(JsonElement argument, string place)
    {
        if (!RuleArgument.Flag(argument, place))
        {
            throw MlopsException.Invalid(place, $"{place} must be true; leave the rule out instead.");
        }
    }
}

/// <summary>Values as texts, and numbers also by value, so that <c>1</c> allows <c>1.0</c>.</summary>
internal sealed class ValueSet
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> texts;
    private readonly HashSet<double> numbers = [];

    public ValueSet(JsonElement list, string place)
    {
        var values = new HashSet<string>(RuleArgument.Texts(list, place), StringComparer.Ordinal);
        texts = values.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var element in list.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Number))
        {
            numbers.Add(element.GetDouble());
        }
    }

    public bool Contains(ReadOnlySpan<char> cell) =>
        texts.Contains(cell) || (numbers.Count > 0 && CsvValue.TryNumber(cell, out var number) && numbers.Contains(number));
}
