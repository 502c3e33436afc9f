using MathNet.Numerics;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Tail probabilities of Kolmogorov's statistics.</summary>
public static class KolmogorovDistribution
{
    /// <summary>
    /// P(√n·D ≥ x) for n to infinity: 2 Σ (-1)^(k-1) exp(-2k²x²) (Kolmogorov 1933); 1 below x = 0.2, where it differs from 1 by less than 1e-12.
    /// </summary>
    public static double LimitTail(double x)
    {
        if (!(x >= 0.2))
        {
            return 1;
        }

        var sum = 0.0;
        for (var k = 1; k <= 100; k++)
        {
            var term = Math.Exp(-2.0 * k * k * x * x);
            sum += (k & 1) == 1 ? term : -term;
            if (term < 1e-18)
            {
                break;
            }
        }

        return Math.Clamp(2 * sum, 0, 1);
    }

    /// <summary>
    /// P(D ≥ d) of the one-sample two-sided statistic with n values. Exact by Marsaglia, Tsang and Wang (2003) for small n, twice the
    /// one-sided Smirnov tail where both sides cannot plausibly be crossed, else the expansion of Pelz and Good (1976).
    /// Absolute error below 1e-7.
    /// </summary>
    /// <param name="d">The statistic, 0..1.</param>
    /// <param name="n">Values, 1 or more.</param>
    public static double OneSampleTail(double d, long n)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        if (d <= 0)
        {
            return 1;
        }

        if (d >= 1)
        {
            return 0;
        }

        var z2 = n * d * d;
        if (n <= 500 && z2 <= 3)
        {
            return Math.Clamp(1 - MarsagliaTsangWang((int)n, d), 0, 1);
        }

        // The event that both sides are crossed has probability about 2·exp(-8nd²): 8e-11 here.
        return z2 > 3 && n <= 100_000 ? Math.Clamp(2 * SmirnovTail(d, n), 0, 1) : Math.Clamp(1 - PelzGood(n, d), 0, 1);
    }

    /// <summary>P(D⁺ ≥ d) of the one-sided statistic, exact (Birnbaum and Tingey 1951).</summary>
    internal static double SmirnovTail(double d, long n)
    {
        var sum = 0.0;
        var last = (long)Math.Floor(n * (1 - d));
        for (var j = 0L; j <= last; j++)
        {
            var rest = 1 - d - ((double)j / n);
            if (rest <= 0 && j < n)
            {
                continue;
            }

            var log = SpecialFunctions.GammaLn(n + 1.0) - SpecialFunctions.GammaLn(j + 1.0) - SpecialFunctions.GammaLn(n - j + 1.0)
                + ((j - 1) * Math.Log(d + ((double)j / n)))
                + (n == j ? 0 : (n - j) * Math.Log(rest));
            sum += Math.Exp(log);
        }

        return d * sum;
    }

    /// <summary>P(D &lt; d), exact: the (k,k) entry of a matrix power.</summary>
    internal static double MarsagliaTsangWang(int n, double d)
    {
        var k = (int)(n * d) + 1;
        var size = (2 * k) - 1;
        var h = k - (n * d);
        var matrix = new double[size, size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                matrix[i, j] = i - j + 1 < 0 ? 0 : 1;
            }
        }

        for (var i = 0; i < size; i++)
        {
            matrix[i, 0] -= Math.Pow(h, i + 1);
            matrix[size - 1, i] -= Math.Pow(h, size - i);
        }

        matrix[size - 1, 0] += (2 * h) - 1 > 0 ? Math.Pow((2 * h) - 1, size) : 0;
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                for (var g = 1; g <= i - j + 1; g++)
                {
                    matrix[i, j] /= g;
                }
            }
        }

        var (power, exponent) = Power(matrix, n);
        var result = power[k - 1, k - 1];
        for (var i = 1; i <= n; i++)
        {
            result = result * i / n;
            if (result < 1e-140)
            {
                result *= 1e140;
                exponent -= 140;
            }
        }

        return result * Math.Pow(10, exponent);
    }

    internal static double PelzGood(long n, double d)
    {
        const double Pi2 = Math.PI * Math.PI;
        var z = Math.Sqrt(n) * d;
        var (z2, z3, z4, z6) = (z * z, z * z * z, Math.Pow(z, 4), Math.Pow(z, 6));
        var logQ = -Pi2 / 8 / z2;
        if (logQ < -700)
        {
            return 0;
        }

        var root = Math.Sqrt(2 * Math.PI);
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0, e2 = 0, e3 = 0;
        var last = (int)Math.Ceiling(16 * z / Math.PI);
        for (var k = last; k >= 1; k--)
        {
            double odd = (2 * k) - 1;
            var (m2, m4, m6) = (odd * odd, Math.Pow(odd, 4), Math.Pow(odd, 6));
            var q = Math.Exp(logQ * m2);
            s0 += q;
            s1 += q * (-z2 + (Pi2 / 4 * m2));
            s2 += q * ((6 * z6) + (2 * z4) + (((2 * z4) - (5 * z2)) * Pi2 / 4 * m2) + (Pi2 * Pi2 * (1 - (2 * z2)) / 16 * m4));
            s3 += q * ((-30 * z6) - (90 * Math.Pow(z, 8)) + (Pi2 * ((135 * z4) - (96 * z6)) / 4 * m2)
                + (Pi2 * Pi2 * ((-60 * z2) + (212 * z4)) / 16 * m4) + (Pi2 * Pi2 * Pi2 * (5 - (30 * z2)) / 64 * m6));
            var square = (double)k * k;
            var even = Math.Exp(-Pi2 / 2 / z2 * square);
            e2 += square * even;
            e3 += ((3 * z2) - (Pi2 * square)) * square * even;
        }

        var k0 = root * s0 / z;
        var k1 = root * s1 / (6 * z4);
        var k2 = (root * s2 / (72 * Math.Pow(z, 7))) - (Pi2 * root * e2 / (36 * z3));
        var k3 = (root * s3 / (6480 * Math.Pow(z, 10))) + (Pi2 * root * e3 / (216 * z6));
        return k0 + (k1 / Math.Sqrt(n)) + (k2 / n) + (k3 / Math.Pow(n, 1.5));
    }

    // Entries are kept in range by powers of ten beside the matrix, as in the paper.
    private static (double[,] Matrix, int Exponent) Power(double[,] matrix, int n)
    {
        if (n == 1)
        {
            return (matrix, 0);
        }

        var (half, exponent) = Power(matrix, n / 2);
        var square = Multiply(half, half);
        exponent *= 2;
        if ((n & 1) == 1)
        {
            square = Multiply(matrix, square);
        }

        var centre = matrix.GetLength(0) / 2;
        if (square[centre, centre] > 1e140)
        {
            for (var i = 0; i < square.GetLength(0); i++)
            {
                for (var j = 0; j < square.GetLength(0); j++)
                {
                    square[i, j] *= 1e-140;
                }
            }

            exponent += 140;
        }

        return (square, exponent);
    }

    private static double[,] Multiply(double[,] a, double[,] b)
    {
        var size = a.GetLength(0);
        var product = new double[size, size];
        for (var i = 0; i < size; i++)
        {
            for (var k = 0; k < size; k++)
            {
                var factor = a[i, k];
                for (var j = 0; j < size; j++)
                {
                    product[i, j] += factor * b[k, j];
                }
            }
        }

        return product;
    }
}
