using System.Numerics;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>What a window did to an alert.</summary>
public enum AlertChange
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It was raised.</summary>
    Raised,

    /// <summary>It was closed.</summary>
    Closed,
}

/// <summary>
/// Keeps one odd window from paging and one good window from closing: raised by <see cref="RaiseHits"/> of the last
/// <see cref="RaiseWindows"/> windows, closed by <see cref="CloseWindows"/> clear ones in a row. Immutable state; a window without
/// enough data leaves it as it was.
/// </summary>
public sealed record AlertHysteresis
{
    /// <summary>The state before the first window, with the defaults 2 of 3 and 3.</summary>
    public static AlertHysteresis Initial { get; } = new();

    /// <summary>Drifting windows that raise, 1..<see cref="RaiseWindows"/>. Default 2.</summary>
    public int RaiseHits { get; init; } = 2;

    /// <summary>Windows that are looked back at, 1..32. Default 3.</summary>
    public int RaiseWindows { get; init; } = 3;

    /// <summary>Clear windows in a row that close, 1 or more. Default 3.</summary>
    public int CloseWindows { get; init; } = 3;

    /// <summary>Whether the alert stands.</summary>
    public bool IsRaised { get; init; }

    /// <summary>The last windows since the last close, newest in the lowest bit, 1 for drift.</summary>
    public uint Recent { get; init; }

    /// <summary>Clear windows since the last drifting one.</summary>
    public int ClearStreak { get; init; }

    /// <summary>The state after one more window, and what that changed.</summary>
    public (AlertHysteresis State, AlertChange Change) Next(DriftStatus window)
    {
        if (RaiseWindows is < 1 or > 32 || RaiseHits < 1 || RaiseHits > RaiseWindows || CloseWindows < 1)
        {
            throw new InvalidOperationException($"Raise by {RaiseHits} of {RaiseWindows} (1..32), close by {CloseWindows} (1 or more) cannot work.");
        }

        if (window == DriftStatus.NotEnoughData)
        {
            return (this, AlertChange.None);
        }

        var drift = window == DriftStatus.Drift;
        var mask = RaiseWindows == 32 ? uint.MaxValue : (1u << RaiseWindows) - 1;
        var next = this with
        {
            Recent = ((Recent << 1) | (drift ? 1u : 0u)) & mask,
            ClearStreak = drift ? 0 : Math.Min(ClearStreak + 1, CloseWindows),
        };
        if (!IsRaised && BitOperations.PopCount(next.Recent) >= RaiseHits)
        {
            return (next with { IsRaised = true }, AlertChange.Raised);
        }

        // Closing forgets what is looked back at, else a long look-back would raise again at once.
        return IsRaised && next.ClearStreak >= CloseWindows
            ? (next with { IsRaised = false, Recent = 0 }, AlertChange.Closed)
            : (next, AlertChange.None);
    }
}
