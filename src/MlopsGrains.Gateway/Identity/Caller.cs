namespace MlopsGrains.Gateway.Identity;

/// <summary>Who sends a request: a user, or (without a user id) an API key or, where no authentication is configured, anybody.</summary>
/// <param name="Name">The actor of every change.</param>
/// <param name="UserId">The user.</param>
/// <param name="MayAll">An administrator, an API key, or anybody where nothing is configured: no levels are asked for.</param>
internal sealed record Caller(string Name, long? UserId, bool MayAll);
