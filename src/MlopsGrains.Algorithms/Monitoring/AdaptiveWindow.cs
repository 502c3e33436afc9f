namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// ADWIN (Bifet and Gavaldà 2007): a window that shrinks when two parts of it have different means. Kept as an exponential histogram of
/// O(5 log n) buckets. Unit-free: the bound scales with the window's variance. Not thread-safe.
/// </summary>
public sealed class AdaptiveWindow
{
    private const int MaxBucketsPerRow = 5;
    private const int MinPart = 5;
    private const int Grace = 10;
    private readonly double delta;
    private readonly int clock;
    private readonly bool resetAfterChange;
    private List<List<Bucket>> rows = [[]];
    private double total;
    private double squares;
    private long ticks;

    /// <summary>An empty window.</summary>
    /// <param name="delta">Chance of a false report per check, in (0, 1).</param>
    /// <param name="clock">Checks only every this many values, 1 or more.</param>
    /// <param name="resetAfterChange">True: a report clears the window, as River does. False: only what differs goes.</param>
    public AdaptiveWindow(double delta = 0.002, int clock = 32, bool resetAfterChange = false)
    {
        if (delta is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "delta must be in (0, 1).");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clock);
        (this.delta, this.clock, this.resetAfterChange) = (delta, clock, resetAfterChange);
    }

    /// <summary>Values in the window.</summary>
    public long Width { get; private set; }

    /// <summary>Their mean; null when empty.</summary>
    public double? Mean => Width > 0 ? total / Width : null;

    /// <summary>Their population variance; null when empty.</summary>
    public double? Variance => Width > 0 ? squares / Width : null;

    /// <summary>Adds a finite value; true when the window was cut, which is the report of a change.</summary>
    public bool Add(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "The window takes finite values.");
        }

        Insert(value);
        ticks++;
        if (ticks % clock != 0 || Width <= Grace)
        {
            return false;
        }

        var changed = false;
        while (ShouldCut())
        {
            DropOldest();
            changed = true;
        }

        if (changed && resetAfterChange)
        {
            Clear();
        }

        return changed;
    }

    private void Clear() => (rows, total, squares, ticks, Width) = ([[]], 0, 0, 0, 0);

    private void Insert(double value)
    {
        squares += Width > 0 ? Between(1, Width, value - (total / Width)) : 0;
        total += value;
        Width++;
        rows[0].Add(new Bucket(value, 0));
        for (var row = 0; rows[row].Count > MaxBucketsPerRow; row++)
        {
            if (row + 1 == rows.Count)
            {
                rows.Add([]);
            }

            var (a, b) = (rows[row][0], rows[row][1]);
            rows[row].RemoveRange(0, 2);
            double size = 1L << row;
            var squares = a.Squares + b.Squares + Between(size, size, (a.Total - b.Total) / size);
            rows[row + 1].Add(new Bucket(a.Total + b.Total, squares));
        }
    }

    // From the oldest bucket on: what was passed against the rest. The newest bucket of each row always stays with the rest, as in River:
    // this is later to report than the paper, and tested against River's own answers.
    private bool ShouldCut()
    {
        var (oldCount, oldTotal, newCount, newTotal) = (0.0, 0.0, (double)Width, total);
        for (var row = rows.Count - 1; row >= 0; row--)
        {
            for (var i = 0; i < rows[row].Count - 1; i++)
            {
                double size = 1L << row;
                oldCount += size;
                newCount -= size;
                oldTotal += rows[row][i].Total;
                newTotal -= rows[row][i].Total;
                if (newCount >= MinPart && oldCount >= MinPart && Differ(oldCount, newCount, (oldTotal / oldCount) - (newTotal / newCount)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool Differ(double oldCount, double newCount, double gap)
    {
        if (oldCount <= MinPart - 1 || newCount <= MinPart - 1)
        {
            return false;
        }

        var log = Math.Log(2 * Math.Log(Width) / delta);
        var m = (1 / (oldCount - MinPart + 1)) + (1 / (newCount - MinPart + 1));
        return Math.Abs(gap) > Math.Sqrt(2 * m * (squares / Width) * log) + (2.0 / 3 * log * m);
    }

    private void DropOldest()
    {
        var row = rows.Count - 1;
        var bucket = rows[row][0];
        rows[row].RemoveAt(0);
        double size = 1L << row;
        Width -= 1L << row;
        total -= bucket.Total;
        squares = Math.Max(0, squares - bucket.Squares - Between(size, Width, (bucket.Total / size) - (total / Width)));
        while (rows.Count > 1 && rows[^1].Count == 0)
        {
            rows.RemoveAt(rows.Count - 1);
        }
    }

    // What joining two parts adds to the squared deviations.
    private static double Between(double a, double b, double gap) => a * b / (a + b) * gap * gap;

    private readonly record struct Bucket(double Total, double Squares);
}
