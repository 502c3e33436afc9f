using MlopsGrains.Calls;
using MlopsGrains.Errors;
using Orleans.Concurrency;
using Orleans.Runtime.Messaging;
using Orleans.Serialization.Invocation;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// A call that met a silo which is going down, or is gone and not yet known to be, is made again until somebody takes it. Only what certainly did not run, or changes nothing, comes
/// again; silos turn such failures of the calls that they make themselves into refusals, so what is seen here happened to the gateway's own call.
/// </summary>
internal sealed class Redelivery(CallClock clock, LostSilos lost, TimeSpan patience) : IOutgoingGrainCallFilter
{
    /// <summary>Then the caller hears of it while it still waits.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var began = clock.Time.GetTimestamp();
        var givenUp = context.Request.GetCancellationToken();
        for (var again = false; ; again = true, await Task.Delay(Pause, clock.Time, givenUp))
        {
            var loss = lost.Token;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(givenUp, loss);
            SetCancellationToken(context.Request, either.Token);
            try
            {
                await (again ? context.Invoke().WaitAsync(Left(context, began), clock.Time) : context.Invoke());
                return;
            }
            catch (Exception e) when (clock.Time.GetElapsedTime(began) < TimeMax && MayComeAgain(e, context, loss, givenUp))
            {
                // It is made again.
            }
            catch (OperationCanceledException) when (IsLost(loss, givenUp))
            {
                throw MlopsException.Unavailable("A silo is gone that may have had this, so it may be done or not. Try again.");
            }
        }
    }

    /// <summary>Orleans waits for each attempt anew; the caller waits once.</summary>
    private TimeSpan Left(IOutgoingGrainCallContext context, long began) => (context.Request.GetDefaultResponseTimeout() ?? patience) - clock.Time.GetElapsedTime(began);

    private static bool IsLost(CancellationToken loss, CancellationToken givenUp) => loss.IsCancellationRequested && !givenUp.IsCancellationRequested;

    private static bool MayComeAgain(Exception e, IOutgoingGrainCallContext context, CancellationToken loss, CancellationToken givenUp) => e switch
    {
        SiloUnavailableException => Reads(context),
        OrleansMessageRejectionException or ConnectionFailedException => true,
        OperationCanceledException => IsLost(loss, givenUp) && Reads(context),
        _ => false,
    };

    private static bool Reads(IOutgoingGrainCallContext context) => context.InterfaceMethod.IsDefined(typeof(ReadOnlyAttribute), inherit: false);

    /// <summary>It is the last argument of every call that has one.</summary>
    private static void SetCancellationToken(IInvokable request, CancellationToken token)
    {
        if (request.IsCancellable)
        {
            request.SetArgument(request.GetArgumentCount() - 1, token);
        }
    }
}
