using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Client;

/// <summary>
/// Users and their permissions. They exist where the server has an administrator configured; elsewhere there is none. Most calls
/// need an administrator or an API key; permissions on a thing are given by who manages it.
/// </summary>
public sealed class UsersClient
{
    private static readonly Dictionary<PermissionLevel, string> Levels = new()
    {
        [PermissionLevel.None] = "NO_PERMISSIONS",
        [PermissionLevel.Read] = "READ",
        [PermissionLevel.Use] = "USE",
        [PermissionLevel.Edit] = "EDIT",
        [PermissionLevel.Manage] = "MANAGE",
    };

    private readonly GatewayHttp http;

    internal UsersClient(GatewayHttp http) => this.http = http;

    /// <summary>All users by name.</summary>
    public async Task<IReadOnlyList<UserAccount>> ListAsync(CancellationToken cancellationToken = default) =>
        [.. (await WithUsersAsync(http.LookAsync<UserList>("users/list", cancellationToken))).Users.Select(Account)];

    /// <summary>A user with all permissions; throws <see cref="ErrorKind.NotFound"/>.</summary>
    public Task<UserAccount> GetAsync(string name, CancellationToken cancellationToken = default) =>
        WithUsersAsync(http.GetAsync<UserAccount>("/api/v1/users/" + GatewayPath.Segment("name", name), cancellationToken));

    /// <summary>Creates a user; a used name is refused (<see cref="ErrorKind.AlreadyExists"/>).</summary>
    /// <param name="name">The user.</param>
    /// <param name="password">At least 12 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<UserAccount> CreateAsync(string name, string password, CancellationToken cancellationToken = default) =>
        Account((await WithUsersAsync(http.ChangeAsync<UserAnswer>(HttpMethod.Post, "users/create", new { username = name, password }, Repeat.WhenRefused, cancellationToken))).User);

    /// <summary>Changes a password; a user may change its own, for which the one that the client signs in with is sent along.</summary>
    public Task SetPasswordAsync(string name, string password, CancellationToken cancellationToken = default) =>
        http.ChangeAsync(
            HttpMethod.Patch, "users/update-password", new { username = name, password, current_password = http.SignsInAs == name ? http.Password : null }, Repeat.WhenRefused, cancellationToken);

    /// <summary>Makes or unmakes an administrator; the last one stays.</summary>
    public Task SetAdministratorAsync(string name, bool isAdministrator, CancellationToken cancellationToken = default) =>
        http.ChangeAsync(HttpMethod.Patch, "users/update-admin", new { username = name, is_admin = isAdministrator }, Repeat.Always, cancellationToken);

    /// <summary>Removes a user with all permissions; the last administrator stays.</summary>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        http.ChangeAsync(HttpMethod.Delete, "users/delete", new { username = name }, Repeat.WhenRefused, cancellationToken);

    /// <summary>Gives a user a level on something (experiments by id, all else by name), or another one than it has there.</summary>
    public Task GrantAsync(string name, PermissionOn on, PermissionLevel level, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(on);
        return DoAsync(new GatewayCall(HttpMethod.Put, At(on, name), Repeat.Always, GatewayHttp.Json(new LevelChange(level))), cancellationToken);
    }

    /// <summary>Takes a level back; the default level holds then. Throws <see cref="ErrorKind.NotFound"/> when there is none.</summary>
    public Task RevokeAsync(string name, PermissionOn on, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(on);
        return DoAsync(new GatewayCall(HttpMethod.Delete, At(on, name)), cancellationToken);
    }

    private Task<bool> DoAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        return WithUsersAsync(DoneAsync());

        async Task<bool> DoneAsync()
        {
            await http.DoAsync(call, cancellationToken);
            return true;
        }
    }

    /// <summary>A server without users knows none of these addresses.</summary>
    private static async Task<T> WithUsersAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound && e.Message.StartsWith("No such path", StringComparison.Ordinal))
        {
            throw new MlopsException(ErrorKind.NotSupported, "This server has no users: it has no administrator configured (Authentication:Administrator).");
        }
    }

    private static string At(PermissionOn on, string user) =>
        $"/api/v1/permissions/{on.Kind.InPaths()}/{GatewayPath.Segment("on", on.Id)}/{GatewayPath.Segment("user", user)}";

    private static UserAccount Account(UserMessage user) => new(
        user.Id,
        user.Username,
        user.IsAdmin,
        [
            .. (user.ExperimentPermissions ?? []).Select(p => new Permission(new PermissionOn(PermissionKind.Experiment, p.ExperimentId ?? ""), LevelOf(p.Permission))),
            .. (user.RegisteredModelPermissions ?? []).Select(p => new Permission(new PermissionOn(PermissionKind.RegisteredModel, p.Name ?? ""), LevelOf(p.Permission))),
        ]);

    private static PermissionLevel LevelOf(string name) => Levels.FirstOrDefault(l => l.Value == name).Key;

    private sealed record LevelChange(PermissionLevel Level);

    private sealed record UserList(IReadOnlyList<UserMessage> Users);

    private sealed record UserAnswer(UserMessage User);

    private sealed record UserMessage(
        long Id, string Username, bool IsAdmin, IReadOnlyList<PermissionMessage>? ExperimentPermissions, IReadOnlyList<PermissionMessage>? RegisteredModelPermissions);

    private sealed record PermissionMessage(string? ExperimentId, string? Name, string Permission);
}
