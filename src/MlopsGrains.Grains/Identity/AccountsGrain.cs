using System.Security.Cryptography;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Identity;

/// <summary>The thin shell around <see cref="AccountsState"/>: decides, journals, audits.</summary>
[GrainType("accounts")]
internal sealed class AccountsGrain(IJournal journal, TimeProvider time)
    : JournalGrain<AccountsState, AccountsEvent>(journal, new JsonJournalCodec<AccountsState, AccountsEvent>()), IAccountsGrain
{
    private const int SealKeyBytes = 32;
    private const int SessionIdUnitsMax = 64;

    public Task EnsureAdministrator(string name, PasswordHash password, CancellationToken cancellationToken = default) =>
        State.Find(name) is null ? Store(State.Create(name, password, isAdministrator: true), "user.created", name, ("administrator", "true")) : Task.CompletedTask;

    public async Task<UserAccount> CreateUser(string name, PasswordHash password, CancellationToken cancellationToken = default)
    {
        if (State.Requests.NumberOf(RequestKey.Current) is { } made)
        {
            return State.Users.TryGetValue(made, out var known) && known.Name == name ? View(known) : throw RequestKey.UsedBefore();
        }

        await Store(State.Create(name, password, isAdministrator: false, RequestKey.Current), "user.created", name);
        return View(State.Existing(name));
    }

    public Task<UserAccount> GetUser(string name, CancellationToken cancellationToken = default) => Task.FromResult(View(State.Existing(name)));

    public Task<IReadOnlyList<UserAccount>> ListUsers(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<UserAccount>>([.. State.Users.Values.OrderBy(u => u.Name, StringComparer.Ordinal).Select(View)]);

    public Task SetPassword(string name, PasswordHash password, CancellationToken cancellationToken = default) =>
        Store(new PasswordSet(State.Existing(name).Id, password), "user.password-changed", name);

    public Task SetAdministrator(string name, bool isAdministrator, CancellationToken cancellationToken = default)
    {
        var user = State.Existing(name);
        if (user.IsAdministrator == isAdministrator)
        {
            return Task.CompletedTask;
        }

        State.CheckNotLastAdministrator(user);
        return Store(new AdministratorSet(user.Id, isAdministrator), "user.administrator-changed", name, ("administrator", isAdministrator ? "true" : "false"));
    }

    public Task DeleteUser(string name, CancellationToken cancellationToken = default)
    {
        var user = State.Existing(name);
        State.CheckNotLastAdministrator(user);
        return Store(new UserDeleted(user.Id), "user.deleted", name);
    }

    public async Task<long> Grant(string name, PermissionOn on, PermissionLevel level, CancellationToken cancellationToken = default)
    {
        var user = State.Existing(name);
        Check(on, level);
        if (State.Requests.NumberOf(RequestKey.Current) is not null)
        {
            return user.Id;
        }

        if (user.LevelOn(on) is not null)
        {
            throw UserErrors.PermissionTaken(name, on);
        }

        State.CheckRoom();
        await StoreLevel(user, on, level, RequestKey.Current);
        return user.Id;
    }

    public Task ChangeGrant(string name, PermissionOn on, PermissionLevel level, CancellationToken cancellationToken = default)
    {
        Check(on, level);
        return StoreLevel(Granted(name, on), on, level);
    }

    public Task Revoke(string name, PermissionOn on, CancellationToken cancellationToken = default) => StoreLevel(Granted(name, on), on, null);

    public async Task Created(string? name, PermissionOn on, CancellationToken cancellationToken = default)
    {
        var user = name is null ? null : State.Existing(name);
        Check(on, PermissionLevel.Manage);
        if (user is null && State.Users.Values.All(u => u.LevelOn(on) is null))
        {
            return;
        }

        State.CheckRoom();
        await Store(new ThingCreated(user?.Id ?? 0, on), "permission.set", name ?? "", ("on", Text(on)), ("level", nameof(PermissionLevel.Manage)));
    }

    public Task Renamed(PermissionOn from, PermissionOn to, CancellationToken cancellationToken = default) => Record(new ThingRenamed(from, to));

    public Task<UserDirectory?> ReadUsers(long known, CancellationToken cancellationToken = default) => Task.FromResult(
        known == State.Version ? null : new UserDirectory(State.Version, [.. State.Users.Values.Select(u => new UserEntry(u.Id, u.Name, u.IsAdministrator, u.Password, u.SessionEpoch))], [.. State.EndedSessions.Keys]));

    public Task<UserPermissions?> ReadPermissions(long userId, long known, CancellationToken cancellationToken = default) => Task.FromResult(
        !State.Users.TryGetValue(userId, out var user) ? new UserPermissions(-1, [])
        : user.Version == known ? null
        : new UserPermissions(user.Version, user.Permissions));

    public async Task<string> SealKey(CancellationToken cancellationToken = default)
    {
        if (State.SealKey is null)
        {
            await Record(new SealKeyMade(Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealKeyBytes))));
        }

        return State.SealKey!;
    }

    public Task EndSession(string sessionId, DateTimeOffset until, CancellationToken cancellationToken = default) => sessionId is { Length: > 0 and <= SessionIdUnitsMax }
        ? Record(new SessionEnded(sessionId, time.GetUtcNow().ToUnixTimeSeconds(), until.ToUnixTimeSeconds()))
        : throw MlopsException.Invalid("sessionId", $"A session's id has 1 to {SessionIdUnitsMax} characters.");

    public Task EndSessions(string name, CancellationToken cancellationToken = default) => Store(new SessionsEnded(State.Existing(name).Id), "user.signed-out-everywhere", name);

    protected override void Apply(AccountsState state, AccountsEvent e) => state.Apply(e);

    private static UserAccount View(AccountsState.User user) => new(user.Id, user.Name, user.IsAdministrator, user.Permissions);

    private static string Text(PermissionOn on) => $"{(on.Kind == PermissionKind.RegisteredModel ? "model" : on.Kind.InWords())}/{on.Id}";

    private static void Check(PermissionOn on, PermissionLevel level)
    {
        if (!Enum.IsDefined(on.Kind) || string.IsNullOrEmpty(on.Id) || on.Id.IsLongerThan(UserLimits.PermissionOnLengthMax))
        {
            throw MlopsException.Invalid("on", $"A permission is given on something with a name of 1 to {UserLimits.PermissionOnLengthMax} characters.");
        }

        if (!Enum.IsDefined(level))
        {
            throw MlopsException.Invalid("permission", $"permission {(int)level} is unknown.");
        }
    }

    private AccountsState.User Granted(string name, PermissionOn on)
    {
        var user = State.Existing(name);
        return user.LevelOn(on) is not null ? user : throw UserErrors.NoPermission(name, on);
    }

    private Task StoreLevel(AccountsState.User user, PermissionOn on, PermissionLevel? level, string? request = null) =>
        Store(new LevelSet(user.Id, on, level, request), level is null ? "permission.revoked" : "permission.set", user.Name, ("on", Text(on)), ("level", level?.ToString() ?? ""));

    private Task Store(AccountsEvent e, string action, string name, params (string Key, string Value)[] detail) =>
        Record(e, new AuditEntry(action, $"user/{name}", detail.ToDictionary(d => d.Key, d => d.Value)));
}
