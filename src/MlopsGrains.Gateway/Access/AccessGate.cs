using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// Holds one request of a user to what its endpoint asks. Names that are parameters of the address are judged before the body is read; those in a message by whoever parses
/// it, from what was parsed. An endpoint that answers without having asked about every need is a fault of ours, not an open door.
/// </summary>
internal sealed class AccessGate(Caller caller, RouteEndpoint endpoint, Accounts accounts, Owners owners)
{
    private readonly IReadOnlyList<AccessNeed> needs = endpoint.Metadata.GetOrderedMetadata<AccessNeed>();
    private readonly HashSet<AccessNeed> asked = [];
    private readonly List<(PermissionLevel Level, PermissionOn On)> granted = [];
    private readonly Principal who = new(caller.UserId!.Value, caller.Name, accounts.Default);
    private bool lookedAfresh;

    public bool IsFullyAsked => needs.All(n => n is not (LevelNeed or TheUserItself) || asked.Contains(n));

    /// <summary>What needs no message: the kind of endpoint, and names that are whole segments of the address.</summary>
    public async ValueTask EnterAsync(HttpContext context)
    {
        if (needs.Count == 0 || needs.Any(n => n is AdministratorsOnly))
        {
            throw MlopsException.Denied("This is for administrators.");
        }

        foreach (var need in needs)
        {
            if (need is TheUserItself self && endpoint.RoutePattern.GetParameter(self.Field) is not null)
            {
                AskSelf(self, (string)context.Request.RouteValues[self.Field]!);
            }
            else if (need is LevelNeed level && endpoint.RoutePattern.GetParameter(level.Field) is { IsCatchAll: false })
            {
                await AskAsync(level, [(string)context.Request.RouteValues[level.Field]!], context.RequestAborted);
            }
        }
    }

    /// <summary>All that is still to be asked, from the parsed message.</summary>
    /// <param name="namesOf">The names that a field holds, as the handler reads it; with <see langword="true"/> a field that may hold several.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public async ValueTask AskAsync(Func<string, bool, IReadOnlyList<string>> namesOf, CancellationToken cancellationToken)
    {
        foreach (var need in needs)
        {
            if (need is TheUserItself self && !asked.Contains(self))
            {
                AskSelf(self, namesOf(self.Field, false) is [var name] ? name : null);
            }
            else if (need is LevelNeed level && !asked.Contains(level) && endpoint.RoutePattern.GetParameter(level.Field) is null)
            {
                var names = namesOf(level.Field, level.Many);
                await AskAsync(level, names.Count > 0 || level.Otherwise is null ? names : [level.Otherwise], cancellationToken);
            }
        }
    }

    /// <summary>The need of that target, for a name that the handler has parsed.</summary>
    public ValueTask AskAsync(AccessTarget target, string? name, CancellationToken cancellationToken)
    {
        foreach (var need in needs)
        {
            if (need is LevelNeed level && level.Target == target)
            {
                return AskAsync(level, string.IsNullOrEmpty(name) ? [] : [name], cancellationToken);
            }
        }

        throw new InvalidOperationException($"{endpoint.RoutePattern.RawText} asks for {target.InWords} and does not say so beside its route.");
    }

    /// <summary>The answer was given to this caller before and is only repeated.</summary>
    public void PassAsAnsweredBefore() => asked.UnionWith(needs);

    public async ValueTask<bool> MayAsync(PermissionLevel level, PermissionOn on, CancellationToken cancellationToken) =>
        await LevelAsync(level, on, cancellationToken) >= level;

    /// <summary>Whether what was allowed still is, and the user still there.</summary>
    public async ValueTask<bool> StillHoldsAsync(CancellationToken cancellationToken)
    {
        if (await accounts.FindUser(caller.Name, fresh: false, cancellationToken) is not { } user || user.Id != caller.UserId)
        {
            return false;
        }

        foreach (var (level, on) in granted)
        {
            if (!user.IsAdministrator && await accounts.LevelOf(user.Id, on, fresh: false, cancellationToken) < level)
            {
                return false;
            }
        }

        return true;
    }

    private void AskSelf(TheUserItself need, string? name)
    {
        asked.Add(need);
        if (name is not null && name != caller.Name)
        {
            throw MlopsException.Denied("This is for administrators, and for users about themselves.");
        }
    }

    private async ValueTask AskAsync(LevelNeed need, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        asked.Add(need);
        if (names.Count == 0 && !need.Optional)
        {
            throw MlopsException.Missing(need.Field);
        }

        foreach (var name in names)
        {
            var place = await need.Target.Find(owners, who, name, cancellationToken);
            if (!place.IsFree)
            {
                await AskAsync(need, name, place.On ?? throw need.Target.Missing(name), cancellationToken);
            }
        }
    }

    /// <summary>Who may not see the thing is told what is told when there is none; who may is told what is lacking.</summary>
    private async ValueTask AskAsync(LevelNeed need, string name, PermissionOn on, CancellationToken cancellationToken)
    {
        var level = await LevelAsync(need.Level, on, cancellationToken);
        if (level >= need.Level)
        {
            granted.Add((need.Level, on));
            return;
        }

        if ((level >= PermissionLevel.Read || need.OrCreates) && !await owners.Exists(on, cancellationToken))
        {
            if (need.OrCreates)
            {
                return;
            }

            throw need.Target.Missing(name);
        }

        throw level < PermissionLevel.Read
            ? need.Target.Missing(name)
            : MlopsException.Denied($"This needs {Name(need.Level)} on {on.InWords}; you have {Name(level)}.");
    }

    /// <summary>Who would be refused is looked up afresh first. Once a request is enough: a search may ask for thousands of things.</summary>
    private async ValueTask<PermissionLevel> LevelAsync(PermissionLevel needed, PermissionOn on, CancellationToken cancellationToken)
    {
        var level = await accounts.LevelOf(caller.UserId!.Value, on, fresh: false, cancellationToken);
        if (level >= needed || lookedAfresh)
        {
            return level;
        }

        lookedAfresh = true;
        return await accounts.LevelOf(caller.UserId.Value, on, fresh: true, cancellationToken);
    }

    private static string Name(PermissionLevel level) => level.ToString().ToUpperInvariant();
}
