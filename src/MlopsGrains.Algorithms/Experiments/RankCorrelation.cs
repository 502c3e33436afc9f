namespace MlopsGrains.Algorithms.Experiments;

/// <summary>Spearman's rank correlation: how much one thing rises with another, whatever the shape of the curve.</summary>
public static class RankCorrelation
{
    /// <summary>From −1 to 1, over the pairs in which neither is NaN; <see langword="null"/> when one of the two does not vary. Equal values share their mean rank.</summary>
    public static double? Of(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var pairs = x.Zip(y).Where(p => !double.IsNaN(p.First) && !double.IsNaN(p.Second)).ToList();
        if (pairs.Count < 2)
        {
            return null;
        }

        var (rx, ry, middle) = (Ranks([.. pairs.Select(p => p.First)]), Ranks([.. pairs.Select(p => p.Second)]), (pairs.Count - 1) / 2.0);
        var (xy, xx, yy) = (0.0, 0.0, 0.0);
        for (var i = 0; i < rx.Length; i++)
        {
            var (dx, dy) = (rx[i] - middle, ry[i] - middle);
            (xy, xx, yy) = (xy + (dx * dy), xx + (dx * dx), yy + (dy * dy));
        }

        return xx > 0 && yy > 0 ? Math.Clamp(xy / Math.Sqrt(xx * yy), -1, 1) : null;
    }

    private static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort((double[])values.Clone(), order);
        var ranks = new double[values.Length];
        for (var from = 0; from < order.Length;)
        {
            var to = from + 1;
            while (to < order.Length && values[order[to]] == values[order[from]])
            {
                to++;
            }

            for (var i = from; i < to; i++)
            {
                ranks[order[i]] = (from + to - 1) / 2.0;
            }

            from = to;
        }

        return ranks;
    }
}
