using MathNet.Numerics;

namespace MlopsGrains.Algorithms.Experiments;

/// <summary>Mann and Whitney's rank test: does a value of one sample tend to be greater than one of the other? Asks nothing of the distributions.</summary>
/// <param name="Statistic">U of the second sample: pairs in which its value is the greater one, ties counted half.</param>
/// <param name="P">Two-sided probability of a U at least as far from n·m/2, 0..1. Exact without ties when both samples have at most <see cref="ExactMax"/>
/// values, else the normal approximation with correction for ties and continuity.</param>
/// <param name="Superiority">Effect size: the share of pairs in which the second sample's value is the greater one (ties half); 0.5 is no effect.</param>
public sealed record MannWhitneyTest(double Statistic, double P, double Superiority)
{
    /// <summary>Most values of each sample for which probabilities are counted out.</summary>
    public const int ExactMax = 30;

    /// <summary>The test; <see langword="null"/> when a sample is empty.</summary>
    public static MannWhitneyTest? Compare(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        var (n, m) = (first.Length, second.Length);
        if (n == 0 || m == 0)
        {
            return null;
        }

        var (u, ties) = Statistics([.. first], [.. second]);
        var p = ties == 0 && n <= ExactMax && m <= ExactMax ? Exact(n, m, u) : Approximate(n, m, u, ties);
        return new MannWhitneyTest(u, p, u / ((double)n * m));
    }

    /// <returns>U of the second sample and Σ(t³ − t) over groups of t equal values.</returns>
    private static (double U, double Ties) Statistics(double[] first, double[] second)
    {
        var all = first.Select(v => (Value: v, IsSecond: false)).Concat(second.Select(v => (Value: v, IsSecond: true))).OrderBy(v => v.Value).ToArray();
        var (rankSum, ties) = (0.0, 0.0);
        for (var start = 0; start < all.Length;)
        {
            var end = start + 1;
            while (end < all.Length && all[end].Value == all[start].Value)
            {
                end++;
            }

            double size = end - start;
            ties += (size * size * size) - size;
            rankSum += all[start..end].Count(v => v.IsSecond) * (start + 1 + end) / 2.0;
            start = end;
        }

        return (rankSum - (second.Length * (second.Length + 1) / 2.0), ties);
    }

    /// <summary>Counts the arrangements by Mann and Whitney's recurrence: the greatest value belongs to one sample or the other.</summary>
    private static double Exact(int n, int m, double u)
    {
        var shares = new double[m + 1][];
        for (var j = 0; j <= m; j++)
        {
            shares[j] = [1];
        }

        for (var i = 1; i <= n; i++)
        {
            var next = new double[m + 1][];
            next[0] = [1];
            for (var j = 1; j <= m; j++)
            {
                next[j] = new double[(i * j) + 1];
                for (var at = 0; at < next[j].Length; at++)
                {
                    var ofFirst = at < shares[j].Length ? shares[j][at] : 0;
                    var ofSecond = at >= i && at - i < next[j - 1].Length ? next[j - 1][at - i] : 0;
                    next[j][at] = ((ofFirst * i) + (ofSecond * j)) / (i + j);
                }
            }

            shares = next;
        }

        var far = (int)Math.Max(u, ((double)n * m) - u);
        return Math.Min(1, 2 * shares[m].Skip(far).Sum());
    }

    private static double Approximate(double n, double m, double u, double ties)
    {
        var all = n + m;
        var deviation = Math.Sqrt(n * m / 12 * (all + 1 - (ties / (all * (all - 1)))));
        if (deviation == 0 || double.IsNaN(deviation))
        {
            return 1;
        }

        var z = Math.Max(0, Math.Abs(u - (n * m / 2)) - 0.5) / deviation;
        return Math.Min(1, SpecialFunctions.Erfc(z / Math.Sqrt(2)));
    }
}
