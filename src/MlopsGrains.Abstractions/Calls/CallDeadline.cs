namespace MlopsGrains.Calls;

/// <summary>
/// How long whoever made a call waits for its answer. Orleans carries it with the call and with the calls that come of it, so that what was given up takes no effect later. The time
/// is told by the asker's own monotonic clock: clocks of two machines are never compared.
/// </summary>
public sealed class CallDeadline
{
    private const string Key = "mlops.deadline";
    private const string AskerKey = "mlops.asker";
    private const string NumberKey = "mlops.call";

    // What is carried are numbers that every version can read; they are changed in place, so that everybody further up in the same call sees it.
    private readonly long[] carried;

    private CallDeadline(long[] carried) => this.carried = carried;

    /// <summary>Whether the current call has a deadline, or had one before something of it became durable.</summary>
    public static bool IsSet => RequestContext.Get(Key) is long[];

    /// <summary>The current call's; <see langword="null"/> when nobody waits.</summary>
    public static CallDeadline? Current => RequestContext.Get(Key) is long[] { Length: 3 } carried && carried[2] < long.MaxValue ? new(carried) : null;

    /// <summary>Whom to ask whether the current call is still waited for, and by which number; <see langword="null"/> where nobody can be asked.</summary>
    public static (GrainId Asker, long Number)? CurrentAsker =>
        RequestContext.Get(AskerKey) is string asker && RequestContext.Get(NumberKey) is long number ? (GrainId.Parse(asker), number) : null;

    /// <summary>Whose clock it is told by.</summary>
    public long Clock => carried[0];

    /// <summary>When the call was made, in milliseconds on that clock.</summary>
    public long AskedMs => carried[1];

    /// <summary>How long the answer is waited for, in milliseconds.</summary>
    public long PatienceMs => carried[2];

    /// <summary>From here on, whoever asks in this flow waits as long as <paramref name="patience"/>, by the process's clock.</summary>
    public static void Set(CallClock clock, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(clock);
        RequestContext.Set(Key, new[] { clock.Id, clock.Now, (long)patience.TotalMilliseconds });
    }

    /// <summary>From here on, <paramref name="asker"/> knows under <paramref name="number"/> whether the answer is still waited for.</summary>
    public static void SetAsker(string asker, long number)
    {
        RequestContext.Set(AskerKey, asker);
        RequestContext.Set(NumberKey, number);
    }

    /// <summary>What follows in this flow is nobody's call.</summary>
    public static void Clear() => RequestContext.Remove(Key);

    /// <summary>Something is durable: what remains of the call, and the calls that it still makes, are done whether or not somebody waits.</summary>
    public void Keep() => carried[2] = long.MaxValue;
}
