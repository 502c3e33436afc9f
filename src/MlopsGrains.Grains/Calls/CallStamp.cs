using MlopsGrains.Calls;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// Says with each call of a gateway how long its answer is waited for, and under which number it is. Calls inside one process need it not: Orleans drops what is older than its caller
/// waits, and both have one clock.
/// </summary>
internal sealed class CallStamp(PauseGate pauses, CallClock clock, Asker asker, TimeSpan patience) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        await pauses.Pass();
        var number = asker.Begin(context.Request.GetCancellationToken());
        try
        {
            CallDeadline.Set(clock, context.Request.GetDefaultResponseTimeout() ?? patience);
            CallDeadline.SetAsker(asker.Name, number);
            await context.Invoke();
        }
        finally
        {
            asker.End(number);
        }
    }
}
