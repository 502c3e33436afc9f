namespace MlopsGrains.Grains.Data;

/// <summary>A rule as people read of it. The documentation's table is made of these.</summary>
/// <param name="Name">The rule's word.</param>
/// <param name="Example">A whole expectation that uses it, in JSON.</param>
/// <param name="Holds">When it holds.</param>
public sealed record RuleGuide(string Name, string Example, string Holds)
{
    /// <summary>Every rule there is.</summary>
    public static IReadOnlyList<RuleGuide> All { get; } =
    [
        new("row_count_between", """{"row_count_between": [100, null]}""", "the data has that many rows; a null bound is open"),
        new("column_exists", """{"column_exists": "age"}""", "there is a column of that name"),
        new("columns_exact", """{"columns_exact": ["age", "town"]}""", "these are all columns, in this order"),
        new("type", """{"column": "age", "type": "integer"}""", "present values are `text`, `integer`, `number` or `boolean`; an integer is a number too"),
        new("not_null", """{"column": "age", "not_null": true, "mostly": 0.95}""", "values are not missing"),
        new("between", """{"column": "age", "between": [0, 120], "strict": true}""", "present values are numbers within the bounds; with `strict` the bounds themselves are outside"),
        new("in_set", """{"column": "plan", "in_set": ["free", "paid", 1]}""", "present values are in the list; the number 1 also allows `1.0`"),
        new("not_in_set", """{"column": "plan", "not_in_set": ["test"]}""", "present values are not in the list"),
        new("unique", """{"column": "id", "unique": true}""", "no present value occurs twice; at most 20,000,000 different ones"),
        new("matches", """{"column": "mail", "matches": "^.+@.+$"}""", "present values hold the regular expression (.NET's, without look-around and back references)"),
        new("length_between", """{"column": "zip", "length_between": [5, 5]}""", "present values have that many characters"),
    ];

    /// <summary>The table of all rules in Markdown.</summary>
    public static string Markdown => string.Join('\n', All.Select(r => $"| `{r.Name}` | `{r.Example.Replace("|", "\\|", StringComparison.Ordinal)}` | {r.Holds} |").Prepend("|---|---|---|").Prepend("| Rule | Example | Holds when |"));
}
