using System.Text.Json.Serialization;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Identity;

[JsonDerivedType(typeof(UserCreated), "user-created")]
[JsonDerivedType(typeof(PasswordSet), "password")]
[JsonDerivedType(typeof(AdministratorSet), "administrator")]
[JsonDerivedType(typeof(UserDeleted), "user-deleted")]
[JsonDerivedType(typeof(LevelSet), "level")]
[JsonDerivedType(typeof(ThingCreated), "created")]
[JsonDerivedType(typeof(ThingRenamed), "renamed")]
[JsonDerivedType(typeof(SealKeyMade), "seal-key")]
[JsonDerivedType(typeof(SessionEnded), "session-ended")]
[JsonDerivedType(typeof(SessionsEnded), "sessions-ended")]
internal abstract record AccountsEvent;

/// <param name="Id">Never given again.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsAdministrator">Whether it may do everything.</param>
/// <param name="Password">Its password's hash.</param>
/// <param name="Request">See <see cref="RequestKey"/>.</param>
internal sealed record UserCreated(long Id, string Name, bool IsAdministrator, PasswordHash Password, string? Request = null) : AccountsEvent;

internal sealed record PasswordSet(long Id, PasswordHash Password) : AccountsEvent;

internal sealed record AdministratorSet(long Id, bool IsAdministrator) : AccountsEvent;

internal sealed record UserDeleted(long Id) : AccountsEvent;

/// <param name="Id">The user.</param>
/// <param name="On">What on.</param>
/// <param name="Level"><see langword="null"/> takes the level back.</param>
/// <param name="Request">See <see cref="RequestKey"/>.</param>
internal sealed record LevelSet(long Id, PermissionOn On, PermissionLevel? Level, string? Request = null) : AccountsEvent;

internal sealed record ThingCreated(long Id, PermissionOn On) : AccountsEvent;

internal sealed record ThingRenamed(PermissionOn From, PermissionOn To) : AccountsEvent;

internal sealed record SealKeyMade(string Key) : AccountsEvent;

/// <param name="SessionId">A browser's sign-in.</param>
/// <param name="Now">Unix seconds; what has ended by itself by then is forgotten.</param>
/// <param name="Until">When it would have ended by itself.</param>
internal sealed record SessionEnded(string SessionId, long Now, long Until) : AccountsEvent;

internal sealed record SessionsEnded(long Id) : AccountsEvent;

/// <summary>Users and levels as the fold of their events, and the rules of what may happen next. Pure.</summary>
[Immutable]
internal sealed class AccountsState
{
    public const int UsersMax = 10_000;

    /// <summary>Levels of all users together, so that the state fits a journal record.</summary>
    public const int PermissionsMax = 200_000;

    public SortedDictionary<long, User> Users { get; init; } = [];

    /// <summary>Those that created users and gave levels.</summary>
    public List<AnsweredRequest> Requests { get; init; } = [];

    public long LastId { get; set; }

    /// <summary>Counts the changes of users, not of levels.</summary>
    public long Version { get; set; }

    /// <summary>Most sessions that are remembered as ended; beyond, the one that would end first is forgotten.</summary>
    public const int EndedSessionsMax = 10_000;

    /// <summary>Sessions that were ended before their time, with the Unix second at which they would have ended.</summary>
    public SortedDictionary<string, long> EndedSessions { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What gateways close page tokens with.</summary>
    public string? SealKey { get; set; }

    [JsonIgnore]
    public int Permissions => Users.Values.Sum(u => u.Levels.Count);

    public User? Find(string name) => Users.Values.FirstOrDefault(u => u.Name == name);

    public User Existing(string name) => Find(name) ?? throw UserErrors.NoUser(name);

    public UserCreated Create(string name, PasswordHash password, bool isAdministrator, string? request = null)
    {
        if (!UserLimits.IsName(name))
        {
            throw MlopsException.Invalid("username", $"username must have 1 to {UserLimits.NameLengthMax} characters, without ':' and control characters.");
        }

        if (Find(name) is not null)
        {
            throw UserErrors.UserTaken(name);
        }

        return Users.Count < UsersMax
            ? new UserCreated(LastId + 1, name, isAdministrator, password, request)
            : throw MlopsException.Conflict($"There are {UsersMax} users, the most there can be.");
    }

    public void CheckNotLastAdministrator(User user)
    {
        if (user.IsAdministrator && Users.Values.Count(u => u.IsAdministrator) == 1)
        {
            throw MlopsException.Conflict($"User '{user.Name}' is the last administrator and has to stay one.");
        }
    }

    public void CheckRoom()
    {
        if (Permissions >= PermissionsMax)
        {
            throw MlopsException.Conflict($"{PermissionsMax} permissions are given, the most there can be; take some back.");
        }
    }

    public void Apply(AccountsEvent e)
    {
        Version += e is LevelSet or ThingCreated or ThingRenamed or SealKeyMade ? 0 : 1;
        switch (e)
        {
            case UserCreated created:
                Users[created.Id] = new User { Id = created.Id, Name = created.Name, IsAdministrator = created.IsAdministrator, Password = created.Password };
                Requests.Keep(created.Request, checked((int)created.Id));
                LastId = created.Id;
                break;
            case PasswordSet set:
                Users[set.Id].Password = set.Password;
                break;
            case AdministratorSet set:
                Users[set.Id].IsAdministrator = set.IsAdministrator;
                break;
            case UserDeleted deleted:
                Users.Remove(deleted.Id);
                break;
            case LevelSet set:
                Users[set.Id].Set(set.On, set.Level);
                Requests.Keep(set.Request, checked((int)set.Id));
                break;
            case ThingCreated created:
                foreach (var user in Users.Values)
                {
                    user.Set(created.On, user.Id == created.Id ? PermissionLevel.Manage : null);
                }

                break;
            case ThingRenamed renamed:
                foreach (var user in Users.Values)
                {
                    user.Set(renamed.To, user.LevelOn(renamed.From));
                    user.Set(renamed.From, null);
                }

                break;
            case SealKeyMade made:
                SealKey = made.Key;
                break;
            case SessionEnded ended:
                Forget(ended.Now);
                EndedSessions[ended.SessionId] = ended.Until;
                break;
            case SessionsEnded ended:
                Users[ended.Id].SessionEpoch++;
                break;
            default:
                break;
        }
    }

    private void Forget(long now)
    {
        foreach (var over in EndedSessions.Where(s => s.Value <= now).Select(s => s.Key).ToList())
        {
            EndedSessions.Remove(over);
        }

        if (EndedSessions.Count >= EndedSessionsMax)
        {
            EndedSessions.Remove(EndedSessions.MinBy(s => s.Value).Key);
        }
    }

    internal sealed class User
    {
        /// <summary>How each kind is stored, in the order of the kinds; never changes.</summary>
        private const string Letters = "emdspw";

        public long Id { get; init; }

        public string Name { get; init; } = "";

        public bool IsAdministrator { get; set; }

        public PasswordHash Password { get; set; } = new(0, "", "");

        public long SessionEpoch { get; set; }

        /// <summary>Counts the changes of levels.</summary>
        public long Version { get; set; }

        public SortedDictionary<string, PermissionLevel> Levels { get; init; } = new(StringComparer.Ordinal);

        [JsonIgnore]
        public IReadOnlyList<Permission> Permissions =>
            [.. Levels.Select(l => new Permission(new PermissionOn((PermissionKind)Letters.IndexOf(l.Key[0]), l.Key[2..]), l.Value))];

        public PermissionLevel? LevelOn(PermissionOn on) => Levels.TryGetValue(KeyOf(on), out var level) ? level : null;

        public void Set(PermissionOn on, PermissionLevel? level)
        {
            if (LevelOn(on) == level)
            {
                return;
            }

            Version++;
            if (level is { } given)
            {
                Levels[KeyOf(on)] = given;
            }
            else
            {
                Levels.Remove(KeyOf(on));
            }
        }

        private static string KeyOf(PermissionOn on) => $"{Letters[(int)on.Kind]}/{on.Id}";
    }
}
