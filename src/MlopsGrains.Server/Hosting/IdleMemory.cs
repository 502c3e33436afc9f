using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using MlopsGrains.Settings;

namespace MlopsGrains.Server.Hosting;

/// <summary>Configuration section <c>IdleMemory</c>.</summary>
internal sealed class IdleMemoryOptions : ISettings
{
    public const string Section = "IdleMemory";

    /// <summary>How long the server must have done next to nothing before it gives memory back, 100 ms–1 day; 20 s by default.</summary>
    public TimeSpan QuietFor { get; set; } = TimeSpan.FromSeconds(20);

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section).Range(QuietFor, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
}

/// <summary>
/// Gives memory back to the machine when a load is over. The runtime collects when something allocates, so a server that has let a hundred thousand grains go
/// would keep their memory until it is busy again.
/// </summary>
internal sealed class IdleMemory(IOptions<IdleMemoryOptions> options, TimeProvider time, IMeterFactory meters) : BackgroundService
{
    /// <summary>Three times what an idle server allocates in twenty seconds; four requests a second are more.</summary>
    private const long QuietBytes = 4 * 1024 * 1024;

    /// <summary>Less than this allocated since the last time leaves too little behind.</summary>
    private const long WorthBytes = 64 * 1024 * 1024;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var returned = meters.Create("MlopsGrains.Server").CreateCounter<long>("mlops.server.memory.returned", "{time}", "Times that memory was given back after a load.");
        var (before, collectedAt) = (0L, 0L);
        using var timer = new PeriodicTimer(options.Value.QuietFor, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var allocated = GC.GetTotalAllocatedBytes();
            if (allocated - before < QuietBytes && allocated - collectedAt > WorthBytes)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                collectedAt = allocated;
                returned.Add(1);
            }

            before = allocated;
        }
    }
}
