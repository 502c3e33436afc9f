namespace MlopsGrains.Algorithms.Experiments;

/// <summary>
/// Which features move a target: a forest of regression trees, each grown on a sample of the rows with repetition. How much worse a tree tells the rows that it has not seen, when one
/// feature of them is shuffled, is what that feature explains; so a feature of pure chance gets about nothing. The same input gives the same answer.
/// </summary>
public static class VarianceForest
{
    /// <summary>Below this there is not enough data.</summary>
    public const int RowsMin = 30;

    private const int Trees = 80;
    private const int BinsMax = 32;
    private const int DepthMax = 12;
    private const int LeafMin = 3;

    /// <param name="features">A column each, of as many values as there are rows; NaN for what is missing. Texts may be numbered in any order.</param>
    /// <param name="target">Finite; at least <see cref="RowsMin"/>.</param>
    public static VarianceShares Explain(IReadOnlyList<double[]> features, double[] target)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, RowsMin);
        var mean = target.Average();
        var variance = target.Sum(y => (y - mean) * (y - mean));
        var worse = new double[features.Count];
        if (variance <= 0 || features.Count == 0)
        {
            return new VarianceShares(0, worse);
        }

        var (bins, random) = (features.Select(Binned).ToArray(), new Random(1));
        var (told, times) = (new double[target.Length], new int[target.Length]);
        for (var t = 0; t < Trees; t++)
        {
            var (sample, seen) = (new int[target.Length], new bool[target.Length]);
            for (var i = 0; i < sample.Length; i++)
            {
                sample[i] = random.Next(target.Length);
                seen[sample[i]] = true;
            }

            var unseen = Enumerable.Range(0, target.Length).Where(row => !seen[row]).ToArray();
            var tree = new Tree(bins, target, random);
            tree.Grow(sample);
            var error = 0.0;
            foreach (var row in unseen)
            {
                var value = tree.Tell(row, -1, 0);
                told[row] += value;
                times[row]++;
                error += (value - target[row]) * (value - target[row]);
            }

            foreach (var feature in tree.Used)
            {
                var shuffled = unseen.ToArray();
                random.Shuffle(shuffled);
                worse[feature] += unseen.Zip(shuffled, (row, other) => tree.Tell(row, feature, bins[feature][other]) - target[row]).Sum(e => e * e) - error;
            }
        }

        var rest = Enumerable.Range(0, target.Length).Where(row => times[row] > 0).Sum(row => Math.Pow((told[row] / times[row]) - target[row], 2));
        var sum = worse.Sum(w => Math.Max(0, w));
        return new VarianceShares(Math.Clamp(1 - (rest / variance), 0, 1), [.. worse.Select(w => sum > 0 ? Math.Max(0, w) / sum : 0)]);
    }

    /// <summary>Values as numbers of ranges with about as many rows each; what is missing has one of its own.</summary>
    private static byte[] Binned(double[] values)
    {
        var sorted = values.Where(v => !double.IsNaN(v)).Order().ToArray();
        var edges = Enumerable.Range(1, BinsMax - 2).Select(b => sorted.Length == 0 ? 0 : sorted[b * (sorted.Length - 1) / (BinsMax - 1)]).Distinct().ToArray();
        return [.. values.Select(v => double.IsNaN(v) ? (byte)0 : (byte)(1 + Rank(edges, v)))];
    }

    private static int Rank(double[] edges, double value)
    {
        var at = Array.BinarySearch(edges, value);
        return at >= 0 ? at : ~at;
    }

    private sealed class Tree(byte[][] bins, double[] target, Random random)
    {
        private readonly List<(int Feature, int Bin, int Left, int Right, double Value)> nodes = [];

        public HashSet<int> Used { get; } = [];

        public void Grow(int[] rows)
        {
            nodes.Clear();
            Grow(rows, 0);
        }

        /// <summary>The value of a row, with one feature in another range.</summary>
        public double Tell(int row, int feature, int bin)
        {
            var at = 0;
            while (nodes[at].Feature >= 0)
            {
                var node = nodes[at];
                at = (node.Feature == feature ? bin : bins[node.Feature][row]) <= node.Bin ? node.Left : node.Right;
            }

            return nodes[at].Value;
        }

        private int Grow(ReadOnlySpan<int> rows, int depth)
        {
            var sum = 0.0;
            foreach (var row in rows)
            {
                sum += target[row];
            }

            var place = nodes.Count;
            nodes.Add((-1, 0, 0, 0, sum / rows.Length));
            if (depth == DepthMax || rows.Length < 2 * LeafMin || Split(rows, sum) is not { } split)
            {
                return place;
            }

            var (low, high) = (new List<int>(rows.Length), new List<int>(rows.Length));
            foreach (var row in rows)
            {
                (bins[split.Feature][row] <= split.Bin ? low : high).Add(row);
            }

            Used.Add(split.Feature);
            var left = Grow(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(low), depth + 1);
            var right = Grow(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(high), depth + 1);
            nodes[place] = (split.Feature, split.Bin, left, right, 0);
            return place;
        }

        /// <summary>Where two groups differ most, among a third of the features, which the dice choose.</summary>
        private (int Feature, int Bin)? Split(ReadOnlySpan<int> rows, double sum)
        {
            var (best, found) = (sum * sum / rows.Length * (1 + 1e-12), ((int, int)?)null);
            Span<int> counts = stackalloc int[BinsMax];
            Span<double> sums = stackalloc double[BinsMax];
            for (var tries = Math.Max(1, (bins.Length + 2) / 3); tries > 0; tries--)
            {
                var feature = random.Next(bins.Length);
                counts.Clear();
                sums.Clear();
                foreach (var row in rows)
                {
                    counts[bins[feature][row]]++;
                    sums[bins[feature][row]] += target[row];
                }

                var (count, part) = (0, 0.0);
                for (var bin = 0; bin < BinsMax - 1; bin++)
                {
                    (count, part) = (count + counts[bin], part + sums[bin]);
                    if (counts[bin] == 0 || count < LeafMin || rows.Length - count < LeafMin)
                    {
                        continue;
                    }

                    var gain = (part * part / count) + ((sum - part) * (sum - part) / (rows.Length - count));
                    (best, found) = gain > best ? (gain, (feature, bin)) : (best, found);
                }
            }

            return found;
        }
    }
}

/// <summary>What a forest found.</summary>
/// <param name="Explained">Share of the target's variance that the features explain, 0..1, of rows that were not learned from.</param>
/// <param name="Shares">Of each feature in what is explained; they sum up to 1, or are all 0.</param>
public sealed record VarianceShares(double Explained, IReadOnlyList<double> Shares);
