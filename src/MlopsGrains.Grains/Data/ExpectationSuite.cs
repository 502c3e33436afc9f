using System.Text.Json;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Rules about a dataset, judged in one pass over its rows. The words and the arithmetic are Great Expectations': <c>mostly</c> counts present values, no
/// present value passes, bounds are inclusive unless strict, and every member of a group of duplicates breaks <c>unique</c>.
/// </summary>
public sealed class ExpectationSuite
{
    public const int RulesMax = 1_000;
    public const int SampleMax = 20;

    private readonly IReadOnlyList<Rule> rules;

    private ExpectationSuite(IReadOnlyList<Rule> rules) => this.rules = rules;

    /// <summary>The rules there are.</summary>
    public static IReadOnlyList<string> Rules { get; } = [.. RuleGuide.All.Select(r => r.Name)];

    public IReadOnlyList<Expectation> Expectations => [.. rules.Select(r => r.Expectation)];

    /// <summary>
    /// Reads a list of rules such as <c>{"column":"age","between":[0,120],"mostly":0.99,"severity":"warn"}</c> or <c>{"row_count_between":[1,null]}</c>.
    /// </summary>
    /// <exception cref="MlopsException">A rule is unknown or malformed; its place is named.</exception>
    public static ExpectationSuite Parse(JsonElement list, string field = "expectations")
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > RulesMax)
        {
            throw MlopsException.Invalid(field, $"{field} must be a list of 1–{RulesMax} rules.");
        }

        return Of([.. list.EnumerateArray().Select((rule, i) => ParseOne(rule, $"{field}[{i}]"))], field);
    }

    public static ExpectationSuite Of(IReadOnlyList<Expectation> expectations, string field = "expectations") =>
        new([.. expectations.Select((e, i) => Rule.Of(e, $"{field}[{i}]"))]);

    /// <summary>Reads one rule and forgets it.</summary>
    /// <exception cref="MlopsException">It is unknown or malformed; its place is named.</exception>
    public static void Check(JsonElement rule, string at) => Rule.Of(ParseOne(rule, at), at);

    /// <summary>Judges a CSV. Blocks: call it on a thread of its own. The stream is read to its end and closed.</summary>
    public ExpectationReport Evaluate(Stream csv, CancellationToken cancellationToken = default)
    {
        using var reader = CsvReader.Open(csv);
        var checks = rules.Select(r => r.Begin(reader.Columns)).ToArray();
        while (reader.Read())
        {
            if ((reader.Row & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            foreach (var check in checks)
            {
                check.See(reader);
            }
        }

        var results = checks.Select(c => c.Result(reader.Row)).ToList();
        return new ExpectationReport(results.TrueForAll(r => r.Success || r.Expectation.Severity == ExpectationSeverity.Warn), reader.Row, results);
    }

    private static Expectation ParseOne(JsonElement rule, string at)
    {
        if (rule.ValueKind != JsonValueKind.Object)
        {
            throw MlopsException.Invalid(at, $"{at} must be an object such as {{\"column\":\"age\",\"between\":[0,120]}}.");
        }

        string? name = null, column = null;
        JsonElement argument = default;
        double mostly = 1;
        var strict = false;
        var severity = ExpectationSeverity.Error;
        foreach (var member in rule.EnumerateObject())
        {
            var place = $"{at}.{member.Name}";
            switch (member.Name)
            {
                case "column":
                    column = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : throw MlopsException.Invalid(place, $"{place} must be a text.");
                    break;
                case "mostly":
                    mostly = RuleArgument.Number(member.Value, place) is { } share and >= 0 and <= 1 ? share : throw MlopsException.Invalid(place, $"{place} must be a number from 0 to 1.");
                    break;
                case "strict":
                    strict = RuleArgument.Flag(member.Value, place);
                    break;
                case "severity":
                    severity = member.Value.ToString() switch
                    {
                        "error" => ExpectationSeverity.Error,
                        "warn" => ExpectationSeverity.Warn,
                        var other => throw MlopsException.Invalid(place, $"{place} is '{other}'; expected error or warn."),
                    };
                    break;
                default:
                    if (!Rules.Contains(member.Name))
                    {
                        throw MlopsException.Invalid(place, $"{at} has no rule '{member.Name}'; the rules are {string.Join(", ", Rules)}, the options column, mostly, strict and severity.");
                    }

                    if (name is not null)
                    {
                        throw MlopsException.Invalid(place, $"{at} holds two rules, {name} and {member.Name}; write one each.");
                    }

                    (name, argument) = (member.Name, member.Value.Clone());
                    break;
            }
        }

        return name is null
            ? throw MlopsException.Invalid(at, $"{at} holds no rule; the rules are {string.Join(", ", Rules)}.")
            : new Expectation(name, column, argument, mostly, strict, severity);
    }
}
