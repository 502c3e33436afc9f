namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Which way a change must go to be reported.</summary>
public enum ChangeDirection
{
    /// <summary>Upwards only.</summary>
    Up,

    /// <summary>Downwards only.</summary>
    Down,

    /// <summary>Either way.</summary>
    Both,
}

/// <summary>The settings of <see cref="PageHinkley"/>. Delta and threshold are in the unit of the stream: feed standardised values or scale them.</summary>
/// <param name="Threshold">Sum of deviations that reports, above 0. Default 50.</param>
/// <param name="Delta">Deviation that is tolerated, 0 or more. Default 0.005.</param>
/// <param name="Alpha">Forgetting factor, in (0, 1]. Default 0.9999.</param>
/// <param name="MinCount">Values before the first report, 1 or more. Default 30.</param>
/// <param name="Direction">Which way. Default both.</param>
/// <param name="RiverForm">False: the classic clamped sums (Page 1954). True: running minimum and maximum, as River computes since 0.11.</param>
public sealed record PageHinkleyOptions(
    double Threshold = 50,
    double Delta = 0.005,
    double Alpha = 0.9999,
    int MinCount = 30,
    ChangeDirection Direction = ChangeDirection.Both,
    bool RiverForm = false);

/// <summary>
/// The state of the Page-Hinkley test for a change of the mean: six numbers. Immutable; a report resets it.
/// </summary>
/// <param name="Count">Values since the reset.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Up">Sum of deviations upwards.</param>
/// <param name="Down">Sum of deviations downwards.</param>
/// <param name="Least">Least upward sum so far; River's form only.</param>
/// <param name="Greatest">Greatest downward sum so far; River's form only.</param>
public readonly record struct PageHinkley(long Count, double Mean, double Up, double Down, double Least, double Greatest)
{
    /// <summary>The state before the first value.</summary>
    public static PageHinkley Initial { get; } = new(0, 0, 0, 0, double.MaxValue, -1);

    /// <summary>The state after one more finite value, and whether it reports a change.</summary>
    public (PageHinkley State, bool Changed) Next(double value, PageHinkleyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var count = Count + 1;
        var mean = Mean + ((value - Mean) / count);
        var gap = value - mean;
        PageHinkley next;
        bool up, down;
        if (options.RiverForm)
        {
            var (rising, falling) = ((options.Alpha * Up) + gap - options.Delta, (options.Alpha * Down) + gap + options.Delta);
            next = new PageHinkley(count, mean, rising, falling, Math.Min(Least, rising), Math.Max(Greatest, falling));
            (up, down) = (rising - next.Least > options.Threshold, next.Greatest - falling > options.Threshold);
        }
        else
        {
            var rising = Math.Max(0, (options.Alpha * Up) + gap - options.Delta);
            var falling = Math.Max(0, (options.Alpha * Down) - gap - options.Delta);
            next = new PageHinkley(count, mean, rising, falling, Least, Greatest);
            (up, down) = (rising > options.Threshold, falling > options.Threshold);
        }

        var changed = count >= options.MinCount && ((up && options.Direction != ChangeDirection.Down) || (down && options.Direction != ChangeDirection.Up));
        return changed ? (Initial, true) : (next, false);
    }
}
