using MlopsGrains.Calls;
using MlopsGrains.Errors;
using Orleans.Storage;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// What every call passes before it runs, and every change before it is stored: a pause of the process is waited out, and then a call that its asker has given up is refused.
/// </summary>
internal sealed class CallGate(PauseGate pauses, CallClock clock, AskerQuestions questions) : IIncomingGrainCallFilter
{
    /// <summary>A call that was on its way for longer may have been overtaken by the word that its asker gave it up; so the asker is asked.</summary>
    internal const long YoungMs = 500;

    /// <summary>Of an asker's patience. A write that is under way when it ends is done before the asker stops waiting.</summary>
    private const int MarginPart = 20;

    private readonly AskerClocks clocks = new(clock.Id);

    public Task Invoke(IIncomingGrainCallContext context) => pauses.IsOpen ? Run(context) : RunAfterPause(context);

    /// <summary>To be called before something becomes durable.</summary>
    /// <returns>For whom it is done; nobody waits when there is none.</returns>
    /// <exception cref="Errors.MlopsException">The caller has given up (<see cref="Errors.ErrorKind.Unavailable"/>).</exception>
    public async ValueTask<CurrentCall?> BeforeWrite()
    {
        await pauses.Pass();
        var call = CurrentCall.Current;
        call?.ThrowIfGivenUp();
        return call;
    }

    private async Task RunAfterPause(IIncomingGrainCallContext context)
    {
        if (!IsOrleans(context))
        {
            await pauses.Pass();
        }

        await Run(context);
    }

    /// <summary>Failures of the platform's own calls leave a grain as a refusal: to whoever called it they would look like failures of its own call, which did run. By an inconsistent state Orleans
    /// ends the activation.</summary>
    private async Task Run(IIncomingGrainCallContext context)
    {
        var call = Call(context, out var ageMs);
        call?.ThrowIfGivenUp();
        if (ageMs > YoungMs && CallDeadline.CurrentAsker is var (asker, number) && !IsOrleans(context) && !await questions.StillWaits(asker, number))
        {
            throw CurrentCall.GaveUp();
        }

        CurrentCall.Current = call;
        try
        {
            await context.Invoke();
        }
        catch (Exception e) when (e is not (MlopsException or InconsistentStateException) && PlatformFaults.Is(e) && !context.TargetId.IsSystemTarget())
        {
            throw MlopsException.Unavailable($"The platform could not answer just now ({e.Message.TrimEnd('.')}). Try again.");
        }
    }

    /// <summary>What Orleans asks of itself must go on: by it a pause is found out, and by an extension of each grain it cancels calls.</summary>
    private static bool IsOrleans(IIncomingGrainCallContext context) => context.TargetId.IsSystemTarget() || context.Request.GetInterfaceType().IsAssignableTo(typeof(IGrainExtension));

    private CurrentCall? Call(IIncomingGrainCallContext context, out long ageMs)
    {
        ageMs = 0;
        var token = context.Request.GetCancellationToken();
        if (CallDeadline.Current is not { } deadline)
        {
            return token.CanBeCanceled && !CallDeadline.IsSet ? new CurrentCall(null, long.MaxValue, clock.Time, token) : null;
        }

        ageMs = clocks.AgeMs(deadline.Clock, deadline.AskedMs, clock.Now);
        var leftMs = deadline.PatienceMs - deadline.PatienceMs / MarginPart - ageMs;
        return new CurrentCall(deadline, clock.Time.GetTimestamp() + (leftMs * (clock.Time.TimestampFrequency / 1000)), clock.Time, token);
    }
}
