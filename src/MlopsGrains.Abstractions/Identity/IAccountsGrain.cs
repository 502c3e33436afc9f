using System.Text.Json.Serialization;

namespace MlopsGrains.Identity;

/// <summary>The users and what each may do. One grain, key <see cref="Main"/>. It decides nothing about requests: gateways read from it and decide.</summary>
[GrainInterfaceType("accounts")]
public interface IAccountsGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Main = "main";

    /// <summary>Makes an administrator unless a user of that name exists; changes nothing then.</summary>
    [Alias("EnsureAdministrator")]
    Task EnsureAdministrator(string name, PasswordHash password, CancellationToken cancellationToken = default);

    /// <summary>Creates a user; a used name is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    [Alias("CreateUser")]
    Task<UserAccount> CreateUser(string name, PasswordHash password, CancellationToken cancellationToken = default);

    /// <summary>A user with all permissions; throws not found.</summary>
    [Alias("GetUser"), ReadOnly]
    Task<UserAccount> GetUser(string name, CancellationToken cancellationToken = default);

    /// <summary>All users by name.</summary>
    [Alias("ListUsers"), ReadOnly]
    Task<IReadOnlyList<UserAccount>> ListUsers(CancellationToken cancellationToken = default);

    /// <summary>Changes a password.</summary>
    [Alias("SetPassword")]
    Task SetPassword(string name, PasswordHash password, CancellationToken cancellationToken = default);

    /// <summary>Makes or unmakes an administrator; the last one stays.</summary>
    [Alias("SetAdministrator")]
    Task SetAdministrator(string name, bool isAdministrator, CancellationToken cancellationToken = default);

    /// <summary>Removes a user with all permissions; the last administrator stays.</summary>
    [Alias("DeleteUser")]
    Task DeleteUser(string name, CancellationToken cancellationToken = default);

    /// <summary>Gives a user a level; one that has a level there already is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>). Answers the user's id.</summary>
    [Alias("Grant")]
    Task<long> Grant(string name, PermissionOn on, PermissionLevel level, CancellationToken cancellationToken = default);

    /// <summary>Changes a level that was given; throws not found.</summary>
    [Alias("ChangeGrant")]
    Task ChangeGrant(string name, PermissionOn on, PermissionLevel level, CancellationToken cancellationToken = default);

    /// <summary>Takes a level back; throws not found.</summary>
    [Alias("Revoke")]
    Task Revoke(string name, PermissionOn on, CancellationToken cancellationToken = default);

    /// <summary>Something was created: its creator, if a user, manages it, and what was given on an earlier thing of that name is gone.</summary>
    [Alias("Created")]
    Task Created(string? name, PermissionOn on, CancellationToken cancellationToken = default);

    /// <summary>Something has another name: what was given on it moves along.</summary>
    [Alias("Renamed")]
    Task Renamed(PermissionOn from, PermissionOn to, CancellationToken cancellationToken = default);

    /// <summary>For gateways: the users, or <see langword="null"/> while <paramref name="known"/> is the present version.</summary>
    [Alias("ReadUsers"), AlwaysInterleave]
    Task<UserDirectory?> ReadUsers(long known, CancellationToken cancellationToken = default);

    /// <summary>For gateways: one user's permissions, or <see langword="null"/> while <paramref name="known"/> is the present version.</summary>
    [Alias("ReadPermissions"), AlwaysInterleave]
    Task<UserPermissions?> ReadPermissions(long userId, long known, CancellationToken cancellationToken = default);

    /// <summary>For gateways: the key that they close page tokens with, 32 bytes in base64. Made at the first call and the same for good.</summary>
    [Alias("SealKey")]
    Task<string> SealKey(CancellationToken cancellationToken = default);

    /// <summary>Ends a browser's session before its time.</summary>
    /// <param name="sessionId">At most 64 characters.</param>
    /// <param name="until">When it would have ended by itself; it is remembered until then.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("EndSession")]
    Task EndSession(string sessionId, DateTimeOffset until, CancellationToken cancellationToken = default);

    /// <summary>Ends all sessions of a user; throws not found.</summary>
    [Alias("EndSessions")]
    Task EndSessions(string name, CancellationToken cancellationToken = default);
}

/// <summary>What a level is given on.</summary>
public enum PermissionKind
{
    /// <summary>An experiment, by id.</summary>
    Experiment = 0,

    /// <summary>A registered model, by name.</summary>
    RegisteredModel = 1,

    /// <summary>A dataset, by name.</summary>
    Dataset = 2,

    /// <summary>A deployment, by name.</summary>
    Deployment = 3,

    /// <summary>A pipeline with its runs, by name.</summary>
    Pipeline = 4,

    /// <summary>The monitor of a deployment, by the deployment's name.</summary>
    Monitor = 5,
}

/// <summary>How much a user may do with something; each level holds the ones below.</summary>
public enum PermissionLevel
{
    /// <summary>Not even see it.</summary>
    None = 0,

    /// <summary>See it.</summary>
    Read = 1,

    /// <summary>Use it.</summary>
    Use = 2,

    /// <summary>Change it.</summary>
    Edit = 3,

    /// <summary>Delete it, and give levels on it to others.</summary>
    Manage = 4,
}

/// <summary>One thing that levels are given on.</summary>
[GenerateSerializer, Immutable, Alias("mlops.PermissionOn")]
public sealed record PermissionOn([property: Id(0)] PermissionKind Kind, [property: Id(1)] string Id)
{
    /// <summary>As people say it, such as <c>experiment '7'</c>.</summary>
    [JsonIgnore]
    public string InWords => $"{Kind.InWords()} '{Id}'";
}

/// <summary>The kinds in words.</summary>
public static class PermissionKinds
{
    /// <summary>As people say it, such as <c>registered model</c>.</summary>
    public static string InWords(this PermissionKind kind) => kind == PermissionKind.RegisteredModel ? "registered model" : kind.ToString().ToLowerInvariant();

    /// <summary>As addresses name things of a kind, such as <c>models</c>.</summary>
    public static string InPaths(this PermissionKind kind) => kind == PermissionKind.RegisteredModel ? "models" : kind.InWords() + "s";
}

/// <summary>A level on a thing.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Permission")]
public sealed record Permission([property: Id(0)] PermissionOn On, [property: Id(1)] PermissionLevel Level);

/// <summary>A user as administrators see one.</summary>
[GenerateSerializer, Immutable, Alias("mlops.UserAccount")]
public sealed record UserAccount(
    [property: Id(0)] long Id, [property: Id(1)] string Name, [property: Id(2)] bool IsAdministrator, [property: Id(3)] IReadOnlyList<Permission> Permissions);

/// <summary>All users, for checking passwords and sessions.</summary>
/// <param name="Version">Of what follows.</param>
/// <param name="Users">All of them.</param>
/// <param name="EndedSessions">Ids of sessions that were ended before their time.</param>
[GenerateSerializer, Immutable, Alias("mlops.UserDirectory")]
public sealed record UserDirectory([property: Id(0)] long Version, [property: Id(1)] IReadOnlyList<UserEntry> Users, [property: Id(2)] IReadOnlyList<string>? EndedSessions = null);

/// <summary>A user for checking a password.</summary>
/// <param name="Id">Never given again.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsAdministrator">Whether it may do everything.</param>
/// <param name="Password">Its password's hash.</param>
/// <param name="SessionEpoch">How often it has signed out everywhere; sessions of an earlier epoch are over.</param>
[GenerateSerializer, Immutable, Alias("mlops.UserEntry")]
public sealed record UserEntry(
    [property: Id(0)] long Id, [property: Id(1)] string Name, [property: Id(2)] bool IsAdministrator, [property: Id(3)] PasswordHash Password, [property: Id(4)] long SessionEpoch = 0);

/// <summary>One user's levels.</summary>
[GenerateSerializer, Immutable, Alias("mlops.UserPermissions")]
public sealed record UserPermissions([property: Id(0)] long Version, [property: Id(1)] IReadOnlyList<Permission> Permissions);

/// <summary>A password's salted hash: PBKDF2 with HMAC-SHA512. Salt and hash are base64.</summary>
[GenerateSerializer, Immutable, Alias("mlops.PasswordHash")]
public sealed record PasswordHash([property: Id(0)] int Iterations, [property: Id(1)] string Salt, [property: Id(2)] string Hash);
