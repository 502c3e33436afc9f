namespace MlopsGrains.Algorithms.Models;

/// <summary>
/// A rising map from scores to probabilities by pool-adjacent-violators (Ayer et al. 1955): equal scores averaged first, linear between
/// points, constant outside. Immutable.
/// </summary>
public sealed class IsotonicCalibration
{
    private readonly double[] x;
    private readonly double[] y;

    /// <summary>A map from stored points.</summary>
    /// <param name="x">Scores, finite, strictly ascending, at least one.</param>
    /// <param name="y">Values, finite, ascending, as many.</param>
    public IsotonicCalibration(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Rows.SameLength(x.Length, y.Length, nameof(y));
        Rows.Finite(x, nameof(x));
        Rows.Finite(y, nameof(y));
        ArgumentOutOfRangeException.ThrowIfZero(x.Length, nameof(x));
        for (var i = 1; i < x.Length; i++)
        {
            if (x[i] <= x[i - 1] || y[i] < y[i - 1])
            {
                throw new ArgumentException($"Point {i} ({x[i]}, {y[i]}) does not rise above the one before it.", nameof(x));
            }
        }

        (this.x, this.y) = (x.ToArray(), y.ToArray());
    }

    /// <summary>Scores of the points that matter, strictly ascending.</summary>
    public ReadOnlySpan<double> X => x;

    /// <summary>Values at these points, ascending.</summary>
    public ReadOnlySpan<double> Y => y;

    /// <summary>Fits to finite scores and labels; null without rows.</summary>
    public static IsotonicCalibration? Fit(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        Rows.SameLength(labels.Length, scores.Length, nameof(scores));
        Rows.Finite(scores, nameof(scores));
        if (scores.IsEmpty)
        {
            return null;
        }

        var (keys, truths) = (scores.ToArray(), labels.ToArray());
        Array.Sort(keys, truths);

        // Blocks of integer counts: hits / rows is then exact, whatever the order of pooling.
        var x = new List<double>();
        var blocks = new List<(long Hits, long Rows, int Points)>();
        for (var i = 0; i < keys.Length;)
        {
            var (score, hits, rows) = (keys[i], 0L, 0L);
            for (; i < keys.Length && keys[i].Equals(score); i++, rows++)
            {
                hits += truths[i] ? 1 : 0;
            }

            x.Add(score);
            blocks.Add((hits, rows, 1));
            while (blocks.Count > 1 && blocks[^2].Hits * blocks[^1].Rows >= blocks[^1].Hits * blocks[^2].Rows)
            {
                var (a, b) = (blocks[^2], blocks[^1]);
                blocks.RemoveRange(blocks.Count - 2, 2);
                blocks.Add((a.Hits + b.Hits, a.Rows + b.Rows, a.Points + b.Points));
            }
        }

        return Corners(x, blocks);
    }

    /// <summary>The calibrated value of a finite score.</summary>
    public double Predict(double score)
    {
        var found = Array.BinarySearch(x, score);
        if (found >= 0)
        {
            return y[found];
        }

        var above = ~found;
        if (above == 0)
        {
            return y[0];
        }

        if (above == x.Length)
        {
            return y[^1];
        }

        var share = (score - x[above - 1]) / (x[above] - x[above - 1]);
        return y[above - 1] + (share * (y[above] - y[above - 1]));
    }

    // Inside a flat stretch only its two ends matter.
    private static IsotonicCalibration Corners(List<double> x, List<(long Hits, long Rows, int Points)> blocks)
    {
        var (xs, ys, start) = (new List<double>(), new List<double>(), 0);
        foreach (var (hits, rows, points) in blocks)
        {
            var value = (double)hits / rows;
            xs.Add(x[start]);
            ys.Add(value);
            if (points > 1)
            {
                xs.Add(x[start + points - 1]);
                ys.Add(value);
            }

            start += points;
        }

        return new IsotonicCalibration(xs.ToArray(), ys.ToArray());
    }
}
