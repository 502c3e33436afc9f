using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>How a silo runs pipelines. Section <c>Pipelines</c>.</summary>
public sealed class PipelineOptions : ISettings
{
    public const string Section = "Pipelines";

    /// <summary>How many steps this silo's worker runs at once, 0–256; 0 leaves the work to other silos. Default: the number of processors.</summary>
    public int ParallelSteps { get; set; } = Environment.ProcessorCount;

    /// <summary>Silence after which an attempt counts as lost, 3 s–1 h. Workers report every third of it. Default 30 s.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often unfinished runs are looked at, 100 ms–1 min; a run whose silo died goes on after at most this. Default 5 s.</summary>
    public TimeSpan SweepPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often an active run checks leases, timeouts and retries, 10 ms–1 min. Default 1 s.</summary>
    public TimeSpan CheckPeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Threads that one training may use, 1–64. Default 1, so that a silo keeps answering.</summary>
    public int TrainingThreads { get; set; } = 1;

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(ParallelSteps, 0, 256)
        .Range(Lease, TimeSpan.FromSeconds(3), TimeSpan.FromHours(1))
        .Range(SweepPeriod, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1))
        .Range(CheckPeriod, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1))
        .Range(TrainingThreads, 1, 64);
}
