namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>What runs answered to one search about the values of metrics at steps.</summary>
internal sealed class StepValues(IReadOnlyList<StepValues.Point> points)
{
    private readonly Dictionary<(UInt128 Run, Point Point), double?> values = [];

    /// <summary>What the filter asks of every run.</summary>
    public IReadOnlyList<Point> Points => points;

    /// <summary>Whether the run has been asked; the value is <see langword="null"/> when it has no such point.</summary>
    public bool TryGet(UInt128 run, Point point, out double? value) => values.TryGetValue((run, point), out value);

    /// <summary>Whether the run of a row has yet to be asked.</summary>
    public bool Asks(RunBlock block, int row)
    {
        foreach (var point in points)
        {
            if (block.Shape.MetricAt(point.Key) >= 0 && !TryGet(block.Keys[row], point, out _))
            {
                return true;
            }
        }

        return false;
    }

    public void Set(UInt128 run, Point point, double? value) => values[(run, point)] = value;

    internal readonly record struct Point(string Key, long Step);
}
