using System.Globalization;
using CsCheck;
using MlopsGrains.Algorithms.Filters;

namespace MlopsGrains.Algorithms.Tests.Filters;

public sealed class FilterSyntaxTests
{
    private static readonly Gen<FilterExpression> Comparison =
        Gen.Select(Gen.OneOf("a", "b", "c", "not", "or", "val loss"), Gen.OneOf(Enum.GetValues<FilterFunctionKind>()).Nullable(), Gen.Long[-5, 5], Gen.OneOf(Enum.GetValues<FilterOperator>()))
            .Select((name, kind, step, op) => (FilterExpression)new FilterComparison(
                "metrics", name, op, Values(op), 0, kind is { } k ? new FilterFunction(k, k == FilterFunctionKind.At ? step : 0) : null));

    private static readonly Gen<FilterExpression> Tree = Gen.Recursive<FilterExpression>((depth, deeper) => depth >= 4
        ? Comparison
        : Gen.Frequency(
            (3, Comparison),
            (1, deeper.Array[2, 4].Select(terms => (FilterExpression)new FilterAnd(terms))),
            (1, deeper.Array[2, 4].Select(terms => (FilterExpression)new FilterOr(terms))),
            (1, deeper.Select(term => (FilterExpression)new FilterNot(term)))));

    [Fact]
    public void WrittenTree_IsReadAsTheSameTree() =>
        Gen.Select(Tree, Gen.Int[0, 3]).Sample((tree, style) =>
        {
            if (tree.Comparisons().Count() <= FilterSyntax.ComparisonsMax)
            {
                Assert.Equal(Write(tree, 1), Write(FilterSyntax.Parse(Write(tree, style)), 1));
            }
        });

    [Fact]
    public void BoundTree_IsTrueWhenItsLogicIs() =>
        Gen.Select(Tree, Gen.Int[0, 63]).Sample((tree, facts) =>
        {
            bool Fact(FilterComparison c) => ((facts >> (c.Key.Length + (int)c.Operator) % 6) & 1) == 1;
            bool Naive(FilterExpression e) => e switch
            {
                FilterAnd and => and.Terms.All(Naive),
                FilterOr or => or.Terms.Any(Naive),
                FilterNot not => !Naive(not.Term),
                _ => Fact((FilterComparison)e),
            };

            Assert.Equal(Naive(tree), tree.Bind<int>(c => _ => Fact(c))(0));
        });

    [Theory]
    [InlineData("a = 1 AND NOT OR b = 1", 17, 1)]
    [InlineData("a = 1 AND b = ", 14, 0)]
    [InlineData("a = 'x", 4, 2)]
    [InlineData("a = 1 # b", 6, 1)]
    [InlineData("median(metrics.a) > 1", 0, 6)]
    [InlineData("a = 12.x3", 4, 5)]
    [InlineData("a IN (1)", 6, 1)]
    [InlineData("a = \"x\" extra", 8, 5)]
    [InlineData("a = `x`", 4, 3)]
    public void Fault_SaysWhereItIs_AndHowLong(string text, int position, int length)
    {
        var fault = Assert.Throws<FilterSyntaxException>(() => FilterSyntax.Parse(text));

        Assert.Equal((position, length), (fault.Position, fault.Length));
    }

    [Fact]
    public void Comparison_KnowsItsPlaceInTheText() =>
        Assert.Equal([(0, 12), (17, 21)], FilterSyntax.Parse("metrics.a> 1 AND params.b IN ('x','y')").Comparisons().Select(c => (c.Position, c.Length)));

    [Theory]
    [InlineData("a = 1 OR b = 1 AND c = 1", "(a|(b&c))")]
    [InlineData("a = 1 and b = 1 or c = 1", "((a&b)|c)")]
    [InlineData("NOT a = 1 AND b = 1", "(!a&b)")]
    [InlineData("not (a = 1 Or b = 1)", "!(a|b)")]
    [InlineData("NOT NOT a IS NOT NULL", "!!a")]
    [InlineData("((a = 1))", "a")]
    [InlineData("a=1 AND b=1 AND c=1 AND", "(a&b&c)")]
    [InlineData("a = 1 OR b = 1 AND", "(a|b)")]
    [InlineData("a NOT IN ('1') AND (b IN ('x', 'y'))", "(a&b)")]
    public void Precedence_IsNotThenAndThenOr(string text, string shape) => Assert.Equal(shape, Shape(FilterSyntax.Parse(text)));

    [Theory]
    [InlineData("max(metrics.loss) < 1", "max(metrics.loss)")]
    [InlineData("MIN( metrics.`val loss` ) < 1", "min(metrics.val loss)")]
    [InlineData("avg(loss) = 1", "avg(loss)")]
    [InlineData("last(metric.a) >= -1", "last(metric.a)")]
    [InlineData("at(metrics.loss, 100) < 1", "at(metrics.loss, 100)")]
    [InlineData("At(metrics.loss,-3) < 1", "at(metrics.loss, -3)")]
    [InlineData("metrics.max > 1", "metrics.max")]
    [InlineData("at = 'x'", "at")]
    public void Function_IsReadWithItsKey(string text, string key) => Assert.Equal(key, Assert.IsType<FilterComparison>(FilterSyntax.Parse(text)).Key);

    [Theory]
    [InlineData("a = 1 OR", "ends where a key")]
    [InlineData("OR a = 1", "operator")]
    [InlineData("(a = 1", "')'")]
    [InlineData("(a = 1 AND", "ends where")]
    [InlineData("(a = 1 AND)", "a key")]
    [InlineData("a = 1)", "')' at position 6")]
    [InlineData("()", "a key")]
    [InlineData("NOT", "ends where")]
    [InlineData("a = 1 b = 1", "AND, OR or the end")]
    [InlineData("median(metrics.a) > 1", "min, max, avg, last and at")]
    [InlineData("max(metrics.a > 1", "')'")]
    [InlineData("max(metrics.a, 1) > 1", "')'")]
    [InlineData("at(metrics.a) > 1", "a step")]
    [InlineData("at(metrics.a, 1.5) > 1", "whole number")]
    [InlineData("at(metrics.a, 99999999999999999999) > 1", "whole number")]
    [InlineData("max(min(metrics.a)) > 1", "')'")]
    public void BadFilter_SaysWhatWasExpected(string text, string says) =>
        Assert.Contains(says, Assert.Throws<FilterSyntaxException>(() => FilterSyntax.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Limits_AreNamed()
    {
        static string Refused(string text) => Assert.Throws<FilterSyntaxException>(() => FilterSyntax.Parse(text)).Message;
        static string Nested(int depth) => new string('(', depth) + "a = 1" + new string(')', depth);
        static string Joined(int count) => string.Join(" OR ", Enumerable.Repeat("a = 1", count));

        Assert.Equal("a", Shape(FilterSyntax.Parse(Nested(FilterSyntax.NestingMax))));
        Assert.Contains("deeper than 100", Refused(Nested(FilterSyntax.NestingMax + 1)), StringComparison.Ordinal);
        Assert.Contains("deeper than 100", Refused(Nested(10_000)), StringComparison.Ordinal);
        Assert.Contains("deeper than 100", Refused(new string('(', 10_000)), StringComparison.Ordinal);
        Assert.Contains("deeper than 100", Refused(string.Concat(Enumerable.Repeat("NOT ", 10_000)) + "a = 1"), StringComparison.Ordinal);
        Assert.Equal(FilterSyntax.ComparisonsMax, FilterSyntax.Parse(Joined(FilterSyntax.ComparisonsMax)).Comparisons().Count());
        Assert.Contains("more than 200 comparisons", Refused(Joined(FilterSyntax.ComparisonsMax + 1)), StringComparison.Ordinal);
        Assert.Contains("at most 65536", Refused($"a = '{new string('x', 100_000)}'"), StringComparison.Ordinal);
    }

    [Fact]
    public void AnyText_IsAFilterOrARefusal() =>
        Gen.OneOf(Gen.String, Gen.OneOf("metrics.", "a", "=", "'", "`", " ", " AND ", " OR ", "NOT ", "IN", "(", ")", ",", "1", "max(", "at(", "IS NULL").Array[0, 14].Select(string.Concat)).Sample(text =>
        {
            try
            {
                FilterSyntax.Parse(text).Bind<int>(_ => _ => true)(0);
            }
            catch (FilterSyntaxException e)
            {
                Assert.NotEmpty(e.Message);
            }
        });

    private static IReadOnlyList<FilterLiteral> Values(FilterOperator op) => op switch
    {
        FilterOperator.IsNull or FilterOperator.IsNotNull => [],
        FilterOperator.In or FilterOperator.NotIn => [new("it's", null), new("y", null)],
        FilterOperator.Like or FilterOperator.ILike => [new("%x", null)],
        _ => [new("-1.5", -1.5)],
    };

    /// <param name="tree">What to write.</param>
    /// <param name="style">Bit 0: every parenthesis instead of the needed ones; bit 1: lower-case words.</param>
    private static string Write(FilterExpression tree, int style)
    {
        var all = (style & 1) == 1;
        var text = Text(tree);
        return text;

        string Word(string word) => (style & 2) == 2 ? word.ToLowerInvariant() : word;
        string Inside(FilterExpression term, bool needed) => needed || all ? $"({Text(term)})" : Text(term);
        string Text(FilterExpression e) => e switch
        {
            FilterAnd and => string.Join(Word(" AND "), and.Terms.Select(t => Inside(t, t is FilterAnd or FilterOr))),
            FilterOr or => string.Join(Word(" OR "), or.Terms.Select(t => Inside(t, t is FilterOr))),
            FilterNot not => Word("NOT ") + Inside(not.Term, not.Term is FilterAnd or FilterOr),
            FilterComparison c => $"{Key(c)} {Operator(c.Operator)} {string.Join(", ", c.Values.Select(Literal))}{(c.Operator is FilterOperator.In or FilterOperator.NotIn ? ")" : "")}",
            _ => throw new InvalidOperationException(),
        };
        string Key(FilterComparison c)
        {
            var key = $"metrics.`{c.Name}`";
            return c.Function is null ? key : c.Function.Of(key);
        }

        string Operator(FilterOperator op) => op switch
        {
            FilterOperator.Equal => "=",
            FilterOperator.NotEqual => "!=",
            FilterOperator.Greater => ">",
            FilterOperator.GreaterOrEqual => ">=",
            FilterOperator.Less => "<",
            FilterOperator.LessOrEqual => "<=",
            FilterOperator.Like => Word("LIKE"),
            FilterOperator.ILike => Word("ILIKE"),
            FilterOperator.In => Word("IN ("),
            FilterOperator.NotIn => Word("NOT IN ("),
            FilterOperator.IsNull => Word("IS NULL"),
            _ => Word("IS NOT NULL"),
        };
        static string Literal(FilterLiteral value) => value.Number is { } number
            ? number.ToString("R", CultureInfo.InvariantCulture)
            : $"'{value.Text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static string Shape(FilterExpression e) => e switch
    {
        FilterAnd and => $"({string.Join('&', and.Terms.Select(Shape))})",
        FilterOr or => $"({string.Join('|', or.Terms.Select(Shape))})",
        FilterNot not => "!" + Shape(not.Term),
        _ => ((FilterComparison)e).Name,
    };
}
