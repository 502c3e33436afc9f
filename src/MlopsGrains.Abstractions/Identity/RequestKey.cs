using MlopsGrains.Errors;

namespace MlopsGrains.Identity;

/// <summary>
/// Names a request that may come again (its caller sent an idempotency key), so that a thing with a name of its own can tell the repeat of its creation from a
/// second thing of that name. The gateway sets it and Orleans carries it with each call.
/// </summary>
public static class RequestKey
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Idempotency-Key";

    private const string Key = "mlops.request";

    /// <summary>The request of the current call; <see langword="null"/> when it has no key.</summary>
    public static string? Current
    {
        get => RequestContext.Get(Key) as string;
        set => RequestContext.Set(Key, value!);
    }

    /// <summary>The refusal of a key that came with something else before.</summary>
    public static MlopsException UsedBefore() => MlopsException.Invalid(Header, $"{Header} was used for a request with another body; take a new key for a new request.");
}
