using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway.Identity;

/// <summary>What endpoints ask about their caller beyond the rule that <see cref="AccessMiddleware"/> has checked. All of it costs nothing for who may all.</summary>
internal static class Access
{
    /// <summary>Those that the caller may see.</summary>
    public static async ValueTask<IReadOnlyList<T>> ReadableAsync<T>(this HttpContext context, PermissionKind kind, IReadOnlyList<T> items, Func<T, string> id)
    {
        if (context.Features.Get<Caller>() is not { MayAll: false } caller)
        {
            return items;
        }

        var readable = new List<T>(items.Count);
        foreach (var item in items)
        {
            if (await MayAsync(context, caller, PermissionLevel.Read, new PermissionOn(kind, id(item))))
            {
                readable.Add(item);
            }
        }

        return readable;
    }

    /// <summary>The caller made something: a user manages what it made, and levels on an earlier thing of that name are gone.</summary>
    public static Task OwnAsync(this HttpContext context, PermissionKind kind, string id) =>
        UsersAreOn(context) && context.Features.Get<Caller>() is { } caller && (caller.UserId is not null || kind == PermissionKind.RegisteredModel)
            ? Grain(context).Created(caller.UserId is null ? null : caller.Name, new PermissionOn(kind, id), CancellationToken.None)
            : Task.CompletedTask;

    /// <summary>A registered model has another name.</summary>
    public static Task MoveModelAsync(this HttpContext context, string from, string to) => UsersAreOn(context)
        ? Grain(context).Renamed(new PermissionOn(PermissionKind.RegisteredModel, from), new PermissionOn(PermissionKind.RegisteredModel, to), CancellationToken.None)
        : Task.CompletedTask;

    /// <summary>Refuses unless the caller may change these logged models.</summary>
    public static async ValueTask RequireModelsAsync(this HttpContext context, IEnumerable<string> modelIds)
    {
        if (context.Features.Get<Caller>() is not { MayAll: false } caller)
        {
            return;
        }

        foreach (var id in modelIds)
        {
            if (await context.RequestServices.GetRequiredService<Owners>().OfLoggedModel(id, context.RequestAborted) is { } experiment
                && !await MayAsync(context, caller, PermissionLevel.Edit, new PermissionOn(PermissionKind.Experiment, experiment)))
            {
                throw new PermissionDeniedException();
            }
        }
    }

    /// <summary>Whether a user has a level; who would be refused is looked up afresh first.</summary>
    public static async ValueTask<bool> MayAsync(HttpContext context, Caller caller, PermissionLevel level, PermissionOn on)
    {
        var accounts = context.RequestServices.GetRequiredService<Accounts>();
        return await accounts.LevelOf(caller.UserId!.Value, on, fresh: false, context.RequestAborted) >= level
            || (LooksAfresh(context) && await accounts.LevelOf(caller.UserId.Value, on, fresh: true, context.RequestAborted) >= level);
    }

    /// <summary>One fresh look a request is enough: a search may ask for thousands of things.</summary>
    private static bool LooksAfresh(HttpContext context)
    {
        if (context.Features.Get<LookedAfresh>() is not null)
        {
            return false;
        }

        context.Features.Set(new LookedAfresh());
        return true;
    }

    private static bool UsersAreOn(HttpContext context) => context.RequestServices.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Administrator is not null;

    private static IAccountsGrain Grain(HttpContext context) => context.RequestServices.GetRequiredService<Accounts>().Grain;

    private sealed record LookedAfresh;
}

/// <summary>The caller is known and may not do this (HTTP 403).</summary>
internal sealed class PermissionDeniedException : Exception;
