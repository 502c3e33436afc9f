namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Numbers in four bytes each as long as all were born as 32-bit floats, which most metrics are; then in eight. No bit is lost.</summary>
internal struct PackedDoubles(int length)
{
    private float[] narrow = new float[length];
    private double[]? wide;

    public readonly long Bytes => (narrow.Length * 4L) + ((wide?.Length ?? 0) * 8L);

    public readonly double this[int at] => wide is null ? narrow[at] : wide[at];

    public void Set(int at, double value)
    {
        if (wide is null && BitConverter.DoubleToInt64Bits((float)value) == BitConverter.DoubleToInt64Bits(value))
        {
            narrow[at] = (float)value;
            return;
        }

        if (wide is null)
        {
            wide = Array.ConvertAll(narrow, v => (double)v);
            narrow = [];
        }

        wide[at] = value;
    }

    /// <summary>The first numbers: in place, or put into a buffer.</summary>
    public readonly ReadOnlySpan<double> First(int count, Span<double> buffer)
    {
        if (wide is not null)
        {
            return wide.AsSpan(0, count);
        }

        for (var i = 0; i < count; i++)
        {
            buffer[i] = narrow[i];
        }

        return buffer[..count];
    }

    public void Resize(int to)
    {
        if (wide is null)
        {
            Array.Resize(ref narrow, to);
        }
        else
        {
            Array.Resize(ref wide, to);
        }
    }
}
