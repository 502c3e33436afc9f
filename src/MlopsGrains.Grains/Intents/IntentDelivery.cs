using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Governance;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Intents;

/// <summary>
/// Sees to it that what a change has to tell comes into the audit chain. Whoever changed something waits for that, but not long: the intent is as durable as the change, and
/// one that was left behind, by a chain that was away or a process that died, is found by the sweep of any silo.
/// </summary>
internal sealed partial class IntentDelivery : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(2);

    private readonly IGrainFactory grains;
    private readonly IJournal journal;
    private readonly TimeProvider time;
    private readonly ILogger<IntentDelivery> logger;
    private volatile bool chainIsAway;
    private long waiting;

    public IntentDelivery(IGrainFactory grains, IJournal journal, IMeterFactory meters, TimeProvider time, ILogger<IntentDelivery> logger)
    {
        (this.grains, this.journal, this.time, this.logger) = (grains, journal, time, logger);
        meters.Create("MlopsGrains.Audit").CreateObservableGauge(
            "mlops.audit.waiting", () => Volatile.Read(ref waiting), "{event}", "Stored changes whose audit events wait for their place in the chain, as of the last sweep.");
    }

    /// <summary>The entries as they go into storage with the change that they tell of.</summary>
    /// <exception cref="Errors.MlopsException">One is too long, or names nothing.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Encode(IReadOnlyList<AuditEntry> entries)
    {
        if (entries.Count == 0)
        {
            return [];
        }

        var intents = new ReadOnlyMemory<byte>[entries.Count];
        for (var i = 0; i < intents.Length; i++)
        {
            intents[i] = new AuditIntent(Actor.Current, time.GetUtcNow(), entries[i]).Encode();
        }

        return intents;
    }

    /// <summary>Returns when the chain has what was stored of these entries, or could not take it: then the sweep goes on. Never fails.</summary>
    public Task Deliver(IReadOnlyList<AuditEntry> entries) => entries.Count == 0 || chainIsAway ? Task.CompletedTask : TryDeliver();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Sweep(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // What waits is found at the next start.
        }
    }

    private async Task Sweep(CancellationToken stoppingToken)
    {
        try
        {
            var count = await journal.CountIntentsAsync(stoppingToken);
            Volatile.Write(ref waiting, count);
            if (count > 0 || chainIsAway)
            {
                await TryDeliver();
            }
        }
#pragma warning disable CA1031 // Storage that is away says so elsewhere; the next sweep looks again.
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogNotSwept(e.Message);
        }
    }

    private async Task TryDeliver()
    {
        try
        {
            await grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Deliver(CancellationToken.None).WaitAsync(Patience, time);
            chainIsAway = false;
        }
#pragma warning disable CA1031 // The change is stored, and so is what it has to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            chainIsAway = true;
            LogNotDelivered(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The audit chain could not take what waits for it; it is kept and tried again. {Reason}")]
    private partial void LogNotDelivered(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Could not look for what waits for the audit chain: {Reason}")]
    private partial void LogNotSwept(string reason);
}
