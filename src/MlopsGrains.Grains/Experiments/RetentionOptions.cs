namespace MlopsGrains.Grains.Experiments;

/// <summary>When deleted runs and experiments are removed for good.</summary>
public sealed class RetentionOptions
{
    /// <summary>The longest <see cref="DeletedFor"/>.</summary>
    public static readonly TimeSpan DeletedForMax = TimeSpan.FromDays(3650);

    /// <summary>How long they can be restored, 0–3,650 days. Default 30 days.</summary>
    public TimeSpan DeletedFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Whether the platform removes them by itself. Default no: then it happens when someone asks for it, and nothing is lost that nobody meant to lose.</summary>
    public bool Automatic { get; set; }

    /// <summary>How often the platform looks when it is automatic, 1 s–7 days. Default 1 h.</summary>
    public TimeSpan SweepPeriod { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Runs that one step looks at, 1–1,000. Default 200.</summary>
    public int RunsPerStep { get; set; } = 200;

    internal IEnumerable<string> Faults()
    {
        if (DeletedFor < TimeSpan.Zero || DeletedFor > DeletedForMax)
        {
            yield return $"Retention:DeletedFor is {DeletedFor}; expected 0–3650 days.";
        }

        if (SweepPeriod < TimeSpan.FromSeconds(1) || SweepPeriod > TimeSpan.FromDays(7))
        {
            yield return $"Retention:SweepPeriod is {SweepPeriod}; expected 1 s–7 days.";
        }

        if (RunsPerStep is < 1 or > 1000)
        {
            yield return $"Retention:RunsPerStep is {RunsPerStep}; expected 1–1000.";
        }
    }
}
