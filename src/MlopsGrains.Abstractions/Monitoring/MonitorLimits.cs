namespace MlopsGrains.Monitoring;

/// <summary>The limits of monitors. Lengths are in characters.</summary>
public static class MonitorLimits
{
    /// <summary>Most features that a monitor watches.</summary>
    public const int FeaturesMax = 1000;

    /// <summary>Longest name of a feature.</summary>
    public const int FeatureLengthMax = 256;

    /// <summary>Fewest rows of a window.</summary>
    public const int WindowRowsMin = 100;

    /// <summary>Most rows of a window.</summary>
    public const int WindowRowsMax = 10_000_000;

    /// <summary>Longest window, in seconds.</summary>
    public const int WindowSecondsMax = 7 * 24 * 3600;

    /// <summary>Most drifted windows that raise an alert.</summary>
    public const int RaiseAfterMax = 3;

    /// <summary>Most monitors of a page; each is asked by itself.</summary>
    public const int MonitorsPerPageMax = 100;

    /// <summary>Most alerts of a page of all monitors'; each is asked for by itself.</summary>
    public const int AlertsPerPageMax = 100;

    /// <summary>Longest comment on an alert, and longest reason of a silence.</summary>
    public const int AlertTextLengthMax = 1000;

    /// <summary>Most acts on an alert.</summary>
    public const int AlertActsMax = 100;

    /// <summary>Longest silence, in minutes.</summary>
    public const int SilenceMinutesMax = 30 * 24 * 60;

    /// <summary>Most windows, and most alerts, of a list.</summary>
    public const int HistoryMax = 1000;
}
