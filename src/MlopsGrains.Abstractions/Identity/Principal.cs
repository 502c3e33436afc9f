namespace MlopsGrains.Identity;

/// <summary>
/// The user for whom the platform goes on working after the request: what it does then is refused where that user would be. None stands for who may do everything.
/// </summary>
/// <param name="UserId">The user.</param>
/// <param name="Name">Its name, for the audit chain.</param>
/// <param name="Default">The level on what no level was given, as it was configured where the user asked.</param>
[GenerateSerializer, Immutable, Alias("mlops.Principal")]
public sealed record Principal([property: Id(0)] long UserId, [property: Id(1)] string Name, [property: Id(2)] PermissionLevel Default)
{
    private const string Key = "mlops.principal";

    /// <summary>For whom the current call works. A gateway, a worker or a monitor sets it and Orleans carries it with each call.</summary>
    public static Principal? Current
    {
        get => RequestContext.Get(Key) as Principal;
        set
        {
            if (value is null)
            {
                RequestContext.Remove(Key);
            }
            else
            {
                RequestContext.Set(Key, value);
            }
        }
    }
}
