namespace MlopsGrains.Grains.Data;

/// <summary>Equally wide bins from a column's least to its greatest number, which the last holds.</summary>
internal static class NumberBins
{
    public const int Count = 20;

    /// <summary>The bin of a number from <paramref name="low"/> to <paramref name="high"/>: the one whose edges hold it, whatever a division rounds to.</summary>
    public static int Of(double number, double low, double high)
    {
        if (!(high > low))
        {
            return 0;
        }

        var bin = Math.Clamp((int)(((number / 2) - (low / 2)) / ((high / 2) - (low / 2)) * Count), 0, Count - 1);
        while (bin < Count - 1 && number >= Edge(bin + 1, low, high))
        {
            bin++;
        }

        while (bin > 0 && number < Edge(bin, low, high))
        {
            bin--;
        }

        return bin;
    }

    /// <summary>Where a bin begins; the last ends at <paramref name="high"/>.</summary>
    public static double Edge(int bin, double low, double high) => bin == Count ? high : low + (((high / Count) - (low / Count)) * bin);
}
