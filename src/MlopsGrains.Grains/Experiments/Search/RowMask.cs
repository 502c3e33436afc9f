using MlopsGrains.Algorithms.Filters;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Answers for a whole block at once which rows match, a bit a row.</summary>
internal abstract class RowMask
{
    public const int WordsMax = RunBlock.RowsMax / 64;

    /// <param name="block">The rows.</param>
    /// <param name="bits">Becomes the answer; bits behind the last row mean nothing.</param>
    /// <param name="negated">Whether the answer stands under an odd number of NOTs: what is not known yet then counts as no match, so that in the end it may match.</param>
    public abstract void Fill(RunBlock block, Span<ulong> bits, bool negated);

    public static Span<ulong> Words(RunBlock block, Span<ulong> bits) => bits[..((block.Count + 63) / 64)];
}

internal sealed class AllMask(RowMask[] terms) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Fill(ulong.MaxValue);
        Span<ulong> one = stackalloc ulong[WordsMax];
        foreach (var term in terms)
        {
            if (!bits.ContainsAnyExcept(0UL))
            {
                return;
            }

            term.Fill(block, one[..bits.Length], negated);
            for (var w = 0; w < bits.Length; w++)
            {
                bits[w] &= one[w];
            }
        }
    }
}

internal sealed class AnyMask(RowMask[] terms) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        Span<ulong> one = stackalloc ulong[WordsMax];
        foreach (var term in terms)
        {
            term.Fill(block, one[..bits.Length], negated);
            for (var w = 0; w < bits.Length; w++)
            {
                bits[w] |= one[w];
            }
        }
    }
}

internal sealed class NotMask(RowMask term) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        term.Fill(block, bits, !negated);
        foreach (ref var word in bits)
        {
            word = ~word;
        }
    }
}

/// <summary>All rows of a shape or none.</summary>
internal sealed class ShapeMask(Func<RunShape, bool> test) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated) => bits.Fill(test(block.Shape) ? ulong.MaxValue : 0);
}

/// <summary>Row by row, for what has no column of its own kind.</summary>
internal sealed class RowsMask(Func<RunBlock, int, bool> test) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        for (var row = 0; row < block.Count; row++)
        {
            if (test(block, row))
            {
                bits[row >> 6] |= 1UL << row;
            }
        }
    }
}

/// <summary>The latest value of a metric against a number.</summary>
internal sealed class MetricMask(string key, FilterOperator op, double number) : RowMask
{
    private interface IComparison
    {
        static abstract bool Holds(double value, double number);
    }

    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        var at = block.Shape.MetricAt(key);
        if (at < 0)
        {
            return;
        }

        Span<double> buffer = stackalloc double[RunBlock.RowsMax];
        var column = block.Values(at, buffer);
        switch (op)
        {
            case FilterOperator.Equal:
                Fill<Equal>(column, bits);
                break;
            case FilterOperator.NotEqual:
                Fill<NotEqual>(column, bits);
                break;
            case FilterOperator.Greater:
                Fill<Greater>(column, bits);
                break;
            case FilterOperator.GreaterOrEqual:
                Fill<GreaterOrEqual>(column, bits);
                break;
            case FilterOperator.Less:
                Fill<Less>(column, bits);
                break;
            default:
                Fill<LessOrEqual>(column, bits);
                break;
        }
    }

    private void Fill<T>(ReadOnlySpan<double> column, Span<ulong> bits)
        where T : struct, IComparison
    {
        for (var row = 0; row < column.Length; row++)
        {
            bits[row >> 6] |= (T.Holds(column[row], number) ? 1UL : 0UL) << row;
        }
    }

    private readonly struct Equal : IComparison
    {
        public static bool Holds(double value, double number) => value == number;
    }

    private readonly struct NotEqual : IComparison
    {
        public static bool Holds(double value, double number) => value != number;
    }

    private readonly struct Greater : IComparison
    {
        public static bool Holds(double value, double number) => value > number;
    }

    private readonly struct GreaterOrEqual : IComparison
    {
        public static bool Holds(double value, double number) => value >= number;
    }

    private readonly struct Less : IComparison
    {
        public static bool Holds(double value, double number) => value < number;
    }

    private readonly struct LessOrEqual : IComparison
    {
        public static bool Holds(double value, double number) => value <= number;
    }
}

/// <summary>Smallest, greatest or mean value of a metric's history; a history of only NaN has none.</summary>
internal sealed class HistoryMask(string key, FilterFunctionKind kind, Func<double, bool> number) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        var at = block.Shape.MetricAt(key);
        for (var row = 0; at >= 0 && row < block.Count; row++)
        {
            if (block.History(row, at).Of(kind) is { } value && number(value))
            {
                bits[row >> 6] |= 1UL << row;
            }
        }
    }
}

/// <summary>A metric's value at a step. The index does not hold it: until the run has been asked, the row may match.</summary>
internal sealed class StepMask(StepValues values, StepValues.Point point, Func<double, bool> number) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        var has = block.Shape.MetricAt(point.Key) >= 0;
        for (var row = 0; has && row < block.Count; row++)
        {
            if (values.TryGet(block.Keys[row], point, out var value) ? value is { } known && number(known) : !negated)
            {
                bits[row >> 6] |= 1UL << row;
            }
        }
    }
}

/// <summary>A column of codes, put into a buffer of <see cref="RunBlock.RowsMax"/>.</summary>
internal delegate ReadOnlySpan<int> CodeColumn(RunBlock block, Span<int> buffer);

/// <summary>A text that is equal to one; a row without the text has no column.</summary>
internal sealed class CodeMask(CodeColumn column, int code) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        if (code == TextPool.None)
        {
            return;
        }

        Span<int> buffer = stackalloc int[RunBlock.RowsMax];
        var codes = column(block, buffer);
        for (var row = 0; row < codes.Length; row++)
        {
            bits[row >> 6] |= (codes[row] == code ? 1UL : 0UL) << row;
        }
    }
}

/// <summary>A text that passes a test.</summary>
internal sealed class CodesMask(CodeColumn column, CodeTest test) : RowMask
{
    public override void Fill(RunBlock block, Span<ulong> bits, bool negated)
    {
        bits.Clear();
        Span<int> buffer = stackalloc int[RunBlock.RowsMax];
        var codes = column(block, buffer);
        for (var row = 0; row < codes.Length; row++)
        {
            bits[row >> 6] |= (test.Passes(codes[row]) ? 1UL : 0UL) << row;
        }
    }
}

/// <summary>Tests each text once, however many rows have it.</summary>
internal sealed class CodeTest(TextPool pool, Func<string, bool> test)
{
    private readonly sbyte[] verdicts = new sbyte[pool.CodesEnd];

    public bool Passes(int code)
    {
        ref var verdict = ref verdicts[code];
        if (verdict == 0)
        {
            verdict = test(pool[code]) ? (sbyte)1 : (sbyte)-1;
        }

        return verdict > 0;
    }
}
