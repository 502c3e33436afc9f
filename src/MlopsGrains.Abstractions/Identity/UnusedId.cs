namespace MlopsGrains.Identity;

/// <summary>
/// An id that was made for the current call, so that nothing can be stored under it yet: the grain of that key need not look when it wakes up. Its first write
/// would still find out, as any write of a grain that does not know what is stored. Whoever makes the id sets it, and Orleans carries it with each call.
/// </summary>
public static class UnusedId
{
    private const string Key = "mlops.fresh";

    /// <summary>The id; <see langword="null"/> when the call made none, or made one that an earlier attempt may have used.</summary>
    public static string? Current
    {
        get => RequestContext.Get(Key) as string;
        set => RequestContext.Set(Key, value!);
    }
}
