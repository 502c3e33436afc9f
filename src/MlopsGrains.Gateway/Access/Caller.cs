using System.Globalization;

namespace MlopsGrains.Gateway.Access;

/// <summary>Who sends a request: a user, or (without a user id) an API key or, where no authentication is configured, anybody.</summary>
/// <param name="Name">The actor of every change.</param>
/// <param name="UserId">The user.</param>
/// <param name="MayAll">An administrator, an API key, or anybody where nothing is configured: no levels are asked for.</param>
internal sealed record Caller(string Name, long? UserId, bool MayAll)
{
    /// <summary>Tells callers apart: another user of the same name, or a key named like a user, is somebody else.</summary>
    public string Principal => UserId is { } id ? string.Create(CultureInfo.InvariantCulture, $"user {id}") : $"key {Name}";
}
