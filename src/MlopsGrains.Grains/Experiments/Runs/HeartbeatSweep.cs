using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Catalogs;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>
/// Looks at every run of which signs of life are expected. A run whose silo is gone wakes up on another one and has its whole time again from then, so it is found a timeout
/// and a period later.
/// </summary>
internal sealed partial class HeartbeatSweep(IGrainFactory grains, IOptions<HeartbeatOptions> options, TimeProvider time, ILogger<HeartbeatSweep> logger) : BackgroundService
{
    private const int PageSize = 500;
    private const int CallsAtOnce = 16;

    public async Task SweepAll(CancellationToken cancellationToken)
    {
        var catalog = grains.GetGrain<ICatalogGrain>(CatalogKinds.AwaitedRuns);
        string? after = null;
        do
        {
            var page = await catalog.List(after, PageSize, cancellationToken);
            await Parallel.ForEachAsync(page.Items, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken }, Look);
            after = page.NextPageToken is null ? null : page.Items[^1];
        }
        while (after is not null);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepPeriod, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAll(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                SweepFailed(logger, e);
            }
        }
    }

    private async ValueTask Look(string id, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IAwaitedRun>(id).CheckHeartbeat(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LookFailed(logger, id, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The sweep of runs with a heartbeat failed; it is repeated.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run} could not be looked at; it is tried again.")]
    private static partial void LookFailed(ILogger logger, string run, Exception exception);
}

/// <summary>How runs with a heartbeat are watched. Section <c>Heartbeat</c>.</summary>
public sealed class HeartbeatOptions : ISettings
{
    public const string Section = "Heartbeat";

    /// <summary>How often all of them are looked at, 100 ms–1 h; 5 s by default. A lost run is found this much after its timeout at the latest.</summary>
    public TimeSpan SweepPeriod { get; set; } = TimeSpan.FromSeconds(5);

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section).Range(SweepPeriod, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
}
