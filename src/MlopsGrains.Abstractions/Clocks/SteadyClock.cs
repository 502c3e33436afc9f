namespace MlopsGrains.Clocks;

/// <summary>Time that nobody sets. How long something takes is measured by it; the time of day says only when something was.</summary>
public static class SteadyClock
{
    /// <summary>Time since some moment of the machine's past; the difference of two is what passed between them, whatever was done to the clock meanwhile.</summary>
    public static TimeSpan GetSteady(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return time.GetElapsedTime(0);
    }
}
