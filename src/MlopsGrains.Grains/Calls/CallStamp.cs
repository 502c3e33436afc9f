using MlopsGrains.Calls;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// Says with each call of a gateway how long its answer is waited for. Calls inside one process need it not: Orleans drops what is older than its caller waits, and both have one clock.
/// </summary>
internal sealed class CallStamp(PauseGate pauses, CallClock clock, TimeSpan patience) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        await pauses.Pass();
        CallDeadline.Set(clock, context.Request.GetDefaultResponseTimeout() ?? patience);
        await context.Invoke();
    }
}
