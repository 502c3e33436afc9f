using System.Text.Json;

namespace MlopsGrains.Grains.Data;

/// <summary>What a broken rule means.</summary>
public enum ExpectationSeverity
{
    /// <summary>The data is refused.</summary>
    Error = 0,

    /// <summary>The data is accepted and the breach reported.</summary>
    Warn = 1,
}

/// <summary>One rule about a dataset.</summary>
/// <param name="Rule">One of <see cref="ExpectationSuite.Rules"/>.</param>
/// <param name="Column">For rules about a column.</param>
/// <param name="Argument">The rule's own value, such as <c>[0,10]</c> of <c>between</c>.</param>
/// <param name="Mostly">Share of the present values that must pass, 0–1.</param>
/// <param name="Strict">Whether the bounds of <c>between</c> are outside.</param>
/// <param name="Severity">What a breach means.</param>
public sealed record Expectation(
    string Rule,
    string? Column,
    JsonElement Argument,
    double Mostly = 1,
    bool Strict = false,
    ExpectationSeverity Severity = ExpectationSeverity.Error);

/// <summary>What a rule found.</summary>
/// <param name="Expectation">The rule.</param>
/// <param name="Success">Whether it holds.</param>
/// <param name="Elements">Rows looked at; 0 for rules about the table's shape.</param>
/// <param name="Missing">Rows without a value.</param>
/// <param name="Unexpected">Values that break the rule.</param>
/// <param name="Sample">The first of them, at most <see cref="ExpectationSuite.SampleMax"/>.</param>
/// <param name="Message">The finding in a sentence.</param>
public sealed record ExpectationResult(
    Expectation Expectation,
    bool Success,
    long Elements,
    long Missing,
    long Unexpected,
    IReadOnlyList<string> Sample,
    string Message);

/// <summary>What a suite found.</summary>
/// <param name="Success">Whether every rule of severity error holds.</param>
/// <param name="Rows">Rows of the data.</param>
/// <param name="Results">One a rule, in the suite's order.</param>
public sealed record ExpectationReport(bool Success, long Rows, IReadOnlyList<ExpectationResult> Results);
