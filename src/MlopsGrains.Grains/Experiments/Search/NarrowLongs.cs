namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Whole numbers in four bytes each, until one does not fit.</summary>
internal struct NarrowLongs(int length)
{
    private int[] narrow = new int[length];
    private long[]? wide;

    public readonly long this[int at] => wide is null ? narrow[at] : wide[at];

    public readonly long Bytes => wide is null ? narrow.Length * 4L : wide.Length * 8L;

    public void Set(int at, long value)
    {
        if (wide is null && value is >= int.MinValue and <= int.MaxValue)
        {
            narrow[at] = (int)value;
            return;
        }

        if (wide is null)
        {
            wide = Array.ConvertAll(narrow, v => (long)v);
            narrow = [];
        }

        wide[at] = value;
    }

    public void Grow(int columns, int from, int to)
    {
        if (wide is null)
        {
            narrow = RunBlock.Grow(narrow, columns, from, to);
        }
        else
        {
            wide = RunBlock.Grow(wide, columns, from, to);
        }
    }
}
