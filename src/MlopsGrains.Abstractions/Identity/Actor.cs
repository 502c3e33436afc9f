namespace MlopsGrains.Identity;

/// <summary>
/// Who asks. The gateway sets it after authentication and Orleans carries it with each call, so that audit events name a person or a service.
/// It is a label from a trusted gateway, no proof of identity.
/// </summary>
public static class Actor
{
    /// <summary>The actor when nobody set one: the platform itself.</summary>
    public const string Platform = "platform";

    /// <summary>The actor where nobody is asked who they are.</summary>
    public const string Local = "local";

    private const string Key = "mlops.actor";

    /// <summary>The actor of the current call.</summary>
    public static string Current
    {
        get => RequestContext.Get(Key) as string ?? Platform;
        set => RequestContext.Set(Key, value);
    }
}
