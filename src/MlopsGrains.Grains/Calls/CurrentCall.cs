using MlopsGrains.Calls;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Calls;

/// <summary>The call that a grain works for, and whether somebody still waits for its answer.</summary>
internal sealed class CurrentCall(CallDeadline? deadline, long notAfter, TimeProvider time, CancellationToken givenUp)
{
    private static readonly AsyncLocal<CurrentCall?> Flowing = new();

    private bool kept;

    /// <summary>None in a timer, in a service, and where many callers' changes are stored together.</summary>
    public static CurrentCall? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    /// <summary>A timestamp of the process's clock (<see cref="CallClock"/>). What is stored must be on its way by then.</summary>
    public long NotAfter => kept ? long.MaxValue : notAfter;

    /// <summary>Requested when whoever asked went away.</summary>
    public CancellationToken GivenUp => kept ? CancellationToken.None : givenUp;

    public bool IsGivenUp => GivenUp.IsCancellationRequested || time.GetTimestamp() > NotAfter;

    /// <exception cref="MlopsException">Nobody waits for the answer any more (<see cref="ErrorKind.Unavailable"/>).</exception>
    public void ThrowIfGivenUp()
    {
        if (IsGivenUp)
        {
            throw GaveUp();
        }
    }

    public static MlopsException GaveUp() => MlopsException.Unavailable("Whoever asked for this has given it up meanwhile; nothing was changed. Try again.");

    /// <inheritdoc cref="CallDeadline.Keep"/>
    public void Keep()
    {
        kept = true;
        deadline?.Keep();
    }
}
