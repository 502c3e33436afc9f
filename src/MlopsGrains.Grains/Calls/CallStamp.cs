using MlopsGrains.Calls;

namespace MlopsGrains.Grains.Calls;

/// <summary>Says with each call that is nobody's part how long its answer is waited for.</summary>
internal sealed class CallStamp(PauseGate pauses, TimeSpan patience) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (!CallDeadline.IsSet)
        {
            await pauses.Pass();
            CallDeadline.Set(context.Request.GetDefaultResponseTimeout() ?? patience);
        }

        await context.Invoke();
    }
}
