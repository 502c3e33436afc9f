namespace MlopsGrains.Algorithms.Models;

/// <summary>Guards on columns of labels, scores and predictions, naming the row at fault.</summary>
internal static class Rows
{
    public static void SameLength(int expected, int actual, string name)
    {
        if (expected != actual)
        {
            throw new ArgumentException($"{name} has {actual} rows, the labels have {expected}.", name);
        }
    }

    public static void Probabilities(ReadOnlySpan<double> values, string name)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is not (>= 0 and <= 1))
            {
                throw new ArgumentException($"{name}: row {i} is {values[i]}; a probability lies in 0..1.", name);
            }
        }
    }

    public static void Finite(ReadOnlySpan<double> values, string name)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ArgumentException($"{name}: row {i} is {values[i]}; a finite number is needed.", name);
            }
        }
    }
}
