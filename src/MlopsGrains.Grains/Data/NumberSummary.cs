using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Moments of all numbers, and their quantiles from a uniform sample that holds every number up to its limit. The sample is drawn by a fixed rule, so the same
/// data gives the same profile on every silo.
/// </summary>
internal sealed class NumberSummary(int sampleMax)
{
    private static readonly double[] Probabilities = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

    private readonly List<double> sample = [];
    private ulong random = 0x9E3779B97F4A7C15UL;
    private Moments moments;

    public double? Min { get; private set; }

    public double? Max { get; private set; }

    public double? Mean => moments.Count > 0 && double.IsFinite(moments.Mean) ? moments.Mean : null;

    public double? StandardDeviation => moments.VarianceSample is { } variance && Math.Sqrt(variance) is var deviation && double.IsFinite(deviation) ? deviation : null;

    public void Add(double value)
    {
        moments = moments.Add(value);
        Min = value < Min ? value : Min ?? value;
        Max = value > Max ? value : Max ?? value;
        if (sample.Count < sampleMax)
        {
            sample.Add(value);
        }
        else if (NextBelow(moments.Count) is var place && place < sampleMax)
        {
            sample[(int)place] = value;
        }
    }

    public double[]? Quantiles()
    {
        if (moments.Count == 0)
        {
            return null;
        }

        sample.Sort();
        var quantiles = Array.ConvertAll(Probabilities, p => At(p));
        quantiles[0] = Min!.Value;
        quantiles[^1] = Max!.Value;
        return quantiles;
    }

    /// <summary>How many numbers each bin holds; see <see cref="NumberBins"/>.</summary>
    public long[]? Histogram()
    {
        if (moments.Count == 0)
        {
            return null;
        }

        var counts = new long[NumberBins.Count];
        foreach (var number in sample)
        {
            counts[NumberBins.Of(number, Min!.Value, Max!.Value)]++;
        }

        return sample.Count == moments.Count ? counts : Array.ConvertAll(counts, c => (long)Math.Round((double)c * moments.Count / sample.Count));
    }

    private double At(double probability)
    {
        var position = probability * (sample.Count - 1);
        var below = (int)position;
        var part = position - below;
        return part == 0 ? sample[below] : sample[below] * (1 - part) + sample[below + 1] * part;
    }

    private long NextBelow(long bound)
    {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return (long)(random % (ulong)bound);
    }
}
