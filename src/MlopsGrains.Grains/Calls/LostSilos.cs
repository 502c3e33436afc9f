using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Calls;
using Orleans.Messaging;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// Notices that a silo is gone: its connection to this gateway ended, or the cluster's list has it no more. Nobody tells a gateway which of its calls went with it; so all that
/// were made before have a quarter of a second left to be answered.
/// </summary>
internal sealed partial class LostSilos(IGatewayListProvider silos, CallClock clock, IHostApplicationLifetime host, ILogger<LostSilos> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>What other silos were about to answer arrives meanwhile.</summary>
    private static readonly TimeSpan Left = TimeSpan.FromMilliseconds(250);

    private CancellationTokenSource next = new(Timeout.InfiniteTimeSpan, clock.Time);

    /// <summary>To be taken before a call is made; cancelled when a silo was lost after that.</summary>
    public CancellationToken Token => Volatile.Read(ref next).Token;

    public void Note()
    {
        if (host.ApplicationStopping.IsCancellationRequested)
        {
            return;
        }

        Lost(logger, Left.TotalMilliseconds);
        Interlocked.Exchange(ref next, new(Timeout.InfiniteTimeSpan, clock.Time)).CancelAfter(Left);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        HashSet<Uri> known = [];
        using var timer = new PeriodicTimer(Period, clock.Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                HashSet<Uri> now = [.. await silos.GetGateways()];
                if (!known.IsSubsetOf(now))
                {
                    Note();
                }

                known = now;
            }
            catch (Exception e) when (PlatformFaults.Is(e))
            {
                // The database is away. Orleans, which reads the same list, says so.
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "A silo is gone. Calls that are not answered within {LeftMs} ms are made again where they only read, else given up.")]
    private static partial void Lost(ILogger logger, double leftMs);
}
