namespace MlopsGrains.Algorithms.Experiments;

/// <summary>One measured value of a series.</summary>
/// <param name="Timestamp">Unix milliseconds.</param>
/// <param name="Step">Any whole number.</param>
/// <param name="Value">Any double.</param>
public readonly record struct SeriesPoint(long Timestamp, long Step, double Value)
{
    /// <summary>By timestamp, step, value; NaN comes before every number, and 0 equals -0.</summary>
    public int CompareTo(SeriesPoint other)
    {
        var time = Timestamp.CompareTo(other.Timestamp);
        var step = time != 0 ? time : Step.CompareTo(other.Step);
        return step != 0 ? step : Value.CompareTo(other.Value);
    }
}

/// <summary>Points of a series as columns of one length.</summary>
public sealed record SeriesPoints(long[] Timestamps, long[] Steps, double[] Values)
{
    /// <summary>No points.</summary>
    public static SeriesPoints Empty { get; } = new([], [], []);

    /// <summary>How many points.</summary>
    public int Count => Values.Length;

    /// <summary>Point number <paramref name="index"/>.</summary>
    public SeriesPoint this[int index] => new(Timestamps[index], Steps[index], Values[index]);
}
