using System.Collections.Concurrent;
using MlopsGrains.Identity;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// The gateway's view of users and levels, at most <see cref="AgeMax"/> old: what is taken back anywhere is gone from every gateway by then. What was given just
/// now is seen at once, because whoever is about to be refused is looked up afresh first.
/// </summary>
internal sealed class Accounts(IGrainFactory grains, TimeProvider time, IOptions<AuthenticationOptions> options) : IDisposable
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly ConcurrentDictionary<long, Levels> _levels = new();
    private volatile Directory? _directory;
    private bool _administratorIsSure;

    public PermissionLevel Default => options.Value.DefaultPermission;

    public IAccountsGrain Grain => grains.GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>The user of that name.</summary>
    public async ValueTask<UserEntry?> FindUser(string name, bool fresh, CancellationToken cancellationToken)
    {
        var directory = _directory;
        if (fresh || directory is null || time.GetElapsedTime(directory.Read) > AgeMax)
        {
            directory = await ReadUsers(cancellationToken);
        }

        return directory.ByName.GetValueOrDefault(name);
    }

    public async ValueTask<PermissionLevel> LevelOf(long userId, PermissionOn on, bool fresh, CancellationToken cancellationToken)
    {
        var known = _levels.GetValueOrDefault(userId);
        if (fresh || known is null || time.GetElapsedTime(known.Read) > AgeMax)
        {
            var read = time.GetTimestamp();
            var permissions = await Grain.ReadPermissions(userId, known?.Version ?? -2, cancellationToken);
            known = permissions is null ? known! with { Read = read } : new Levels(permissions.Version, read, permissions.Permissions.ToDictionary(p => p.On, p => p.Level));
            _levels[userId] = known;
        }

        return known.ByThing.TryGetValue(on, out var level) ? level : Default;
    }

    private async Task<Directory> ReadUsers(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!_administratorIsSure && options.Value.Administrator is { } administrator)
            {
                await Grain.EnsureAdministrator(administrator.Name, await Task.Run(() => Passwords.Hash(administrator.Password), cancellationToken), cancellationToken);
                _administratorIsSure = true;
            }

            var read = time.GetTimestamp();
            var users = await Grain.ReadUsers(_directory?.Version ?? -1, cancellationToken);
            _directory = users is null
                ? _directory! with { Read = read }
                : new Directory(users.Version, read, users.Users.ToDictionary(u => u.Name, StringComparer.Ordinal));
            foreach (var gone in users is null ? [] : _levels.Keys.Except(users.Users.Select(u => u.Id)))
            {
                _levels.TryRemove(gone, out _);
            }

            return _directory;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private sealed record Directory(long Version, long Read, Dictionary<string, UserEntry> ByName);

    private sealed record Levels(long Version, long Read, Dictionary<PermissionOn, PermissionLevel> ByThing);
}
