namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Control of the false discovery rate over many tests (Benjamini and Hochberg 1995).</summary>
public static class BenjaminiHochberg
{
    /// <summary>
    /// Adjusted p values in the order given: min over larger ranks of p·N/rank, at most 1. A test counts at rate alpha when its
    /// adjusted p is at most alpha.
    /// </summary>
    /// <param name="p">Probabilities, each 0..1.</param>
    public static double[] Adjust(ReadOnlySpan<double> p)
    {
        foreach (var value in p)
        {
            if (value is not (>= 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException(nameof(p), value, "A probability lies in 0..1.");
            }
        }

        var sorted = p.ToArray();
        var order = new int[sorted.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(sorted, order);
        var adjusted = new double[sorted.Length];
        var least = 1.0;
        for (var rank = sorted.Length; rank >= 1; rank--)
        {
            least = Math.Min(least, sorted[rank - 1] * sorted.Length / rank);
            adjusted[order[rank - 1]] = least;
        }

        return adjusted;
    }
}
