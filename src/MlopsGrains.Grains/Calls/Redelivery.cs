using MlopsGrains.Calls;
using Orleans.Concurrency;
using Orleans.Runtime.Messaging;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// A call that met a silo which is going down, or is gone and not yet known to be, is made again until somebody takes it. Only what certainly did not run, or changes nothing, comes
/// again; silos turn such failures of the calls that they make themselves into refusals, so what is seen here happened to the gateway's own call.
/// </summary>
internal sealed class Redelivery(CallClock clock, TimeSpan patience) : IOutgoingGrainCallFilter
{
    /// <summary>Then the caller hears of it while it still waits.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var began = clock.Time.GetTimestamp();
        for (var times = 0; ; times++, await Task.Delay(Pause, clock.Time, context.Request.GetCancellationToken()))
        {
            try
            {
                await (times == 0 ? context.Invoke() : context.Invoke().WaitAsync(Left(context, began), clock.Time));
                return;
            }
            catch (OrleansException e) when (clock.Time.GetElapsedTime(began) < TimeMax && MayComeAgain(e, context))
            {
                // It is made again.
            }
        }
    }

    /// <summary>Orleans waits for each attempt anew; the caller waits once.</summary>
    private TimeSpan Left(IOutgoingGrainCallContext context, long began) => (context.Request.GetDefaultResponseTimeout() ?? patience) - clock.Time.GetElapsedTime(began);

    private static bool MayComeAgain(OrleansException e, IOutgoingGrainCallContext context) => e switch
    {
        SiloUnavailableException => context.InterfaceMethod.IsDefined(typeof(ReadOnlyAttribute), inherit: false),
        OrleansMessageRejectionException or ConnectionFailedException => true,
        _ => false,
    };
}
