using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// The gateway's view of users and levels, at most <see cref="AgeMax"/> old: what is taken back anywhere is gone from every gateway by then. What was given just
/// now is seen at once, because whoever is about to be refused is looked up afresh first.
/// </summary>
internal sealed class Accounts(IGrainFactory grains, TimeProvider time, IOptions<AuthenticationOptions> options) : IDisposable
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim oneAtATime = new(1);
    private readonly ConcurrentDictionary<long, Levels> levels = new();
    private volatile Directory? directory;
    private bool administratorIsSure;

    public PermissionLevel Default => options.Value.DefaultPermission;

    public IAccountsGrain Grain => grains.GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    public void Dispose() => oneAtATime.Dispose();

    /// <summary>The user of that name.</summary>
    public async ValueTask<UserEntry?> FindUser(string name, bool fresh, CancellationToken cancellationToken) =>
        (await UsersAsync(fresh, cancellationToken)).ByName.GetValueOrDefault(name);

    /// <summary>Whether a session was ended before its time.</summary>
    public async ValueTask<bool> IsEnded(string sessionId, CancellationToken cancellationToken) =>
        (await UsersAsync(fresh: false, cancellationToken)).EndedSessions.Contains(sessionId);

    /// <summary>After a change that this gateway has to know at once.</summary>
    public Task ReadAgain(CancellationToken cancellationToken) => ReadUsers(cancellationToken);

    public async ValueTask<PermissionLevel> LevelOf(long userId, PermissionOn on, bool fresh, CancellationToken cancellationToken)
    {
        var known = levels.GetValueOrDefault(userId);
        if (fresh || known is null || time.GetElapsedTime(known.Read) > AgeMax)
        {
            var read = time.GetTimestamp();
            var permissions = await Grain.ReadPermissions(userId, known?.Version ?? -2, cancellationToken);
            known = permissions is null ? known! with { Read = read } : new Levels(permissions.Version, read, permissions.Permissions.ToDictionary(p => p.On, p => p.Level));
            levels[userId] = known;
        }

        return known.ByThing.TryGetValue(on, out var level) ? level : Default;
    }

    private async ValueTask<Directory> UsersAsync(bool fresh, CancellationToken cancellationToken) =>
        !fresh && directory is { } known && time.GetElapsedTime(known.Read) <= AgeMax ? known : await ReadUsers(cancellationToken);

    private async Task<Directory> ReadUsers(CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!administratorIsSure && options.Value.Administrator is { } administrator)
            {
                await Grain.EnsureAdministrator(administrator.Name, await Task.Run(() => Passwords.Hash(administrator.Password), cancellationToken), cancellationToken);
                administratorIsSure = true;
            }

            var read = time.GetTimestamp();
            var users = await Grain.ReadUsers(directory?.Version ?? -1, cancellationToken);
            directory = users is null
                ? directory! with { Read = read }
                : new Directory(users.Version, read, users.Users.ToDictionary(u => u.Name, StringComparer.Ordinal), new HashSet<string>(users.EndedSessions ?? [], StringComparer.Ordinal));
            foreach (var gone in users is null ? [] : levels.Keys.Except(users.Users.Select(u => u.Id)))
            {
                levels.TryRemove(gone, out _);
            }

            return directory;
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private sealed record Directory(long Version, long Read, Dictionary<string, UserEntry> ByName, HashSet<string> EndedSessions);

    private sealed record Levels(long Version, long Read, Dictionary<PermissionOn, PermissionLevel> ByThing);
}
