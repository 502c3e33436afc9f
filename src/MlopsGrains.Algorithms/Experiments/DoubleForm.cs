namespace MlopsGrains.Algorithms.Experiments;

/// <summary>
/// Doubles as whole numbers that are close when the doubles are. Three forms, the narrowest that loses nothing: decimals of few places (<c>0.93</c> is 93 at two
/// places), 32-bit floats, 64-bit floats. A float's bits, read as a number whose order is that of the floats, change little from one noisy value to the next.
/// </summary>
internal static class DoubleForm
{
    private const byte Double = 0;
    private const byte Single = 1;

    /// <summary>Plus the number of decimal places.</summary>
    private const byte Decimal = 16;

    private const int PlacesMax = 10;

    /// <summary>Whole numbers up to here are exact in a double.</summary>
    private const double ExactMax = 9_007_199_254_740_992;

    private static readonly double[] Powers = [.. Enumerable.Range(0, PlacesMax + 1).Select(p => Math.Pow(10, p))];

    public static (byte Form, long[] Numbers) Convert(ReadOnlySpan<double> values)
    {
        var numbers = new long[values.Length];
        if (Places(values) is { } places)
        {
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = (long)Math.Round(values[i] * Powers[places]);
            }

            return ((byte)(Decimal + places), numbers);
        }

        var single = AreSingles(values);
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = single ? Ordered((float)values[i]) : Ordered(values[i]);
        }

        return (single ? Single : Double, numbers);
    }

    public static void Restore(byte form, ReadOnlySpan<long> numbers, Span<double> values)
    {
        if (form is Double or Single)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = form == Double ? OfOrdered(numbers[i]) : OfOrderedSingle(numbers[i]);
            }

            return;
        }

        var places = form - Decimal;
        if (places is < 0 or > PlacesMax)
        {
            throw new InvalidDataException($"Series values have form {form}, which is unknown.");
        }

        for (var i = 0; i < values.Length; i++)
        {
            values[i] = numbers[i] / Powers[places];
        }
    }

    /// <summary>The fewest decimal places at which every value is a whole number again, if there are.</summary>
    private static int? Places(ReadOnlySpan<double> values)
    {
        var places = 0;
        foreach (var value in values)
        {
            while (!Fits(value, places))
            {
                if (++places > PlacesMax)
                {
                    return null;
                }
            }
        }

        // More places never hurt exactness of a value that had fewer, as long as it stays below 2^53.
        foreach (var value in values)
        {
            if (!Fits(value, places))
            {
                return null;
            }
        }

        return places;
    }

    private static bool Fits(double value, int places)
    {
        var scaled = Math.Round(value * Powers[places]);
        return Math.Abs(scaled) < ExactMax && BitConverter.DoubleToInt64Bits((long)scaled / Powers[places]) == BitConverter.DoubleToInt64Bits(value);
    }

    private static bool AreSingles(ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            if (!double.IsNaN(value) && (double)(float)value != value)
            {
                return false;
            }
        }

        return true;
    }

    private static long Ordered(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value);
        return bits >= 0 ? bits : bits ^ long.MaxValue;
    }

    private static double OfOrdered(long number) => BitConverter.Int64BitsToDouble(number >= 0 ? number : number ^ long.MaxValue);

    private static long Ordered(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(float.IsNaN(value) ? float.NaN : value);
        return bits >= 0 ? bits : bits ^ int.MaxValue;
    }

    private static double OfOrderedSingle(long number)
    {
        if (number is < int.MinValue or > int.MaxValue)
        {
            throw new InvalidDataException("A series value is outside the range of its form.");
        }

        var bits = (int)number;
        return BitConverter.Int32BitsToSingle(bits >= 0 ? bits : bits ^ int.MaxValue);
    }
}
