using System.Globalization;
using MlopsGrains.Errors;
using StableHash = MlopsGrains.Algorithms.Data.StableHash;

namespace MlopsGrains.Grains.Data;

/// <summary>A rule at work on one table.</summary>
internal abstract class RuleCheck(Expectation expectation)
{
    protected Expectation Expectation { get; } = expectation;

    public virtual void See(CsvReader row)
    {
    }

    public abstract ExpectationResult Result(long rows);
}

/// <summary>Decided by the header alone.</summary>
internal sealed class ShapeCheck(Expectation expectation, bool success, string message) : RuleCheck(expectation)
{
    public override ExpectationResult Result(long rows) => new(Expectation, success, 0, 0, 0, [], message);
}

internal sealed class RowCountCheck(Expectation expectation, double min, double max) : RuleCheck(expectation)
{
    public override ExpectationResult Result(long rows) =>
        new(Expectation, rows >= min && rows <= max, 0, 0, 0, [], string.Create(CultureInfo.InvariantCulture, $"{rows} rows; expected {min} to {max}"));
}

internal sealed class ColumnCheck(Expectation expectation, int column, ValueCheck values) : RuleCheck(expectation)
{
    private long missing;

    public override void See(CsvReader row)
    {
        var cell = row[column];
        missing += cell.IsEmpty ? 1 : 0;
        if (!cell.IsEmpty || values.CountsMissing)
        {
            values.See(cell);
        }
    }

    public override ExpectationResult Result(long rows)
    {
        var judged = values.CountsMissing ? rows : rows - missing;
        var success = judged == 0 || (double)(judged - values.Unexpected) / judged >= Expectation.Mostly;
        return new ExpectationResult(
            Expectation, success, rows, missing, values.Unexpected, values.Sample,
            string.Create(CultureInfo.InvariantCulture, $"{Expectation.Column}: {values.Unexpected} of {judged} values break {Expectation.Rule}; at least {Expectation.Mostly:P2} must hold"));
    }
}

/// <summary>Counts the values that break a rule.</summary>
internal abstract class ValueCheck
{
    private const int SampleCharactersMax = 200;
    private readonly List<string> sample = [];

    public long Unexpected { get; protected set; }

    public IReadOnlyList<string> Sample => sample;

    /// <summary>Whether rows without a value are judged too.</summary>
    public virtual bool CountsMissing => false;

    public abstract void See(ReadOnlySpan<char> cell);

    protected void Keep(ReadOnlySpan<char> cell)
    {
        if (sample.Count < ExpectationSuite.SampleMax)
        {
            sample.Add(cell[..Math.Min(cell.Length, SampleCharactersMax)].ToString());
        }
    }
}

internal delegate bool CellPredicate(ReadOnlySpan<char> cell);

internal sealed class PredicateCheck(CellPredicate holds) : ValueCheck
{
    public override void See(ReadOnlySpan<char> cell)
    {
        if (!holds(cell))
        {
            Unexpected++;
            Keep(cell);
        }
    }
}

internal sealed class NotNullCheck : ValueCheck
{
    public override bool CountsMissing => true;

    public override void See(ReadOnlySpan<char> cell) => Unexpected += cell.IsEmpty ? 1 : 0;
}

/// <summary>Remembers a 64-bit hash a value: two of a million values collide once in 40 million tables.</summary>
internal sealed class UniqueCheck : ValueCheck
{
    private const int DistinctMax = 20_000_000;
    private readonly Dictionary<ulong, bool> repeated = [];

    public override void See(ReadOnlySpan<char> cell)
    {
        var hash = StableHash.Of(cell);
        if (repeated.TryGetValue(hash, out var again))
        {
            Unexpected += again ? 1 : 2;
            if (!again)
            {
                repeated[hash] = true;
                Keep(cell);
            }

            return;
        }

        if (repeated.Count == DistinctMax)
        {
            throw MlopsException.Invalid("unique", $"unique can tell at most {DistinctMax} values apart.");
        }

        repeated.Add(hash, false);
    }
}
