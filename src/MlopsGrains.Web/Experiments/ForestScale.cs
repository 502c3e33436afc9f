namespace MlopsGrains.Web.Experiments;

/// <summary>Where values stand on a forest plot that is <see cref="Width"/> wide.</summary>
internal sealed record ForestScale(double Low, double High)
{
    public const int Width = 240;

    private const int TicksMax = 4;

    public static ForestScale Of(IReadOnlyCollection<double> values)
    {
        var finite = values.Where(double.IsFinite).ToList();
        var (low, high) = finite.Count == 0 ? (0, 1) : (finite.Min(), finite.Max());
        var room = high > low ? (high - low) * 0.05 : Math.Max(Math.Abs(high) * 0.05, 1e-9);
        return new ForestScale(low - room, high + room);
    }

    /// <summary>Whole tenths of a unit that a chart of this width has room for.</summary>
    public double At(double value) => Math.Round(Math.Clamp((value - Low) / (High - Low), 0, 1) * Width, 1);

    /// <summary>Round values inside, at most five.</summary>
    public IReadOnlyList<double> Ticks()
    {
        var raw = (High - Low) / TicksMax;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        var first = Math.Ceiling(Low / step);
        return [.. Enumerable.Range(0, TicksMax + 1).Select(i => (first + i) * step).Where(v => v <= High)];
    }
}
