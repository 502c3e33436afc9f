using System.Globalization;
using System.Numerics;
using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Deployments;
using MlopsGrains.Grains.Data;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Counts one feature's values into its bins; a value that is absent, of another type or of another shape is missing. Not thread-safe.</summary>
internal sealed class FeatureCounter
{
    private readonly string feature;
    private readonly bool isBoolean;
    private NumericHistogram? numbers;
    private CategoricalHistogram? texts;
    private int place;

    public FeatureCounter(FeatureBins bins)
    {
        feature = bins.Feature;
        if (bins.Edges is null)
        {
            var categories = FeatureHistogram.Categories(bins);
            isBoolean = categories.Named.Count > 0 && categories.Named.All(c => c is Truths.True or Truths.False);
            texts = new CategoricalHistogram(categories);
        }
        else
        {
            numbers = new NumericHistogram(FeatureHistogram.Numeric(bins));
        }
    }

    public void Count(Observation seen, int from, int to)
    {
        var tensor = Find(seen);
        var counted = tensor is { Shape: [var rows, ..] } && rows == seen.Rows && tensor.Data is Array { Rank: 1 } values && values.Length == rows
            && (numbers is null ? CountTexts(values, from, to) : CountNumbers(numbers, values, from, to));
        if (counted)
        {
            return;
        }

        numbers?.AddMissing(to - from);
        for (var i = from; texts is not null && i < to; i++)
        {
            texts.Add((string?)null);
        }
    }

    /// <summary>The counts since the last time.</summary>
    public long[] TakeCounts()
    {
        if (numbers is not null)
        {
            var counts = numbers.ToArray();
            numbers = new NumericHistogram(numbers.Bins);
            return counts;
        }

        var taken = texts!.ToArray();
        texts = new CategoricalHistogram(texts.Bins);
        return taken;
    }

    /// <summary>Inputs come in the same order nearly always, so the last place is tried first.</summary>
    private Tensor? Find(Observation seen)
    {
        var inputs = seen.Request.Inputs;
        if (place < inputs.Count && inputs[place].Name == feature)
        {
            return inputs[place];
        }

        for (var i = 0; i < inputs.Count; i++)
        {
            if (inputs[i].Name == feature)
            {
                place = i;
                return inputs[i];
            }
        }

        return seen.Response.Outputs.FirstOrDefault(o => o.Name == feature);
    }

    private static bool CountNumbers(NumericHistogram numbers, Array data, int from, int to)
    {
        switch (data)
        {
            case float[] values:
                AddNumbers(numbers, values.AsSpan(from, to - from));
                return true;
            case double[] values:
                AddNumbers(numbers, values.AsSpan(from, to - from));
                return true;
            case bool[] values:
                Each(values, v => v ? 1 : 0);
                return true;
            case string[]:
                return false;

            // The runtime takes an array of signed integers for one of unsigned ones too, so the element type is asked by name.
            case long[] values when values.GetType() == typeof(long[]):
                Each(values, v => v);
                return true;
            case ulong[] values:
                Each(values, v => v);
                return true;
            default:
                return false;
        }

        void Each<T>(T[] values, Func<T, double> number)
        {
            for (var i = from; i < to; i++)
            {
                numbers.Add(number(values[i]));
            }
        }
    }

    /// <summary>NaN is how a missing number travels.</summary>
    private static void AddNumbers<T>(NumericHistogram numbers, ReadOnlySpan<T> values) where T : IBinaryFloatingPointIeee754<T>
    {
        foreach (var value in values)
        {
            if (T.IsNaN(value))
            {
                numbers.AddMissing(1);
            }
            else
            {
                numbers.Add(double.CreateChecked(value));
            }
        }
    }

    private bool CountTexts(Array data, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            texts!.Add(data switch
            {
                string[] values => values[i] is { Length: > 0 } text ? (isBoolean ? Truths.Plain(text) : text) : null,
                bool[] values => values[i] ? Truths.True : Truths.False,
                _ => Convert.ToString(data.GetValue(i), CultureInfo.InvariantCulture),
            });
        }

        return true;
    }
}
