using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>What endpoints ask about their caller. All of it costs nothing for who may all.</summary>
internal static class CallerAccess
{
    /// <summary>Refuses unless the caller has the level that the route says it needs on things of that kind, for a name that the handler has parsed.</summary>
    /// <param name="context">The request.</param>
    /// <param name="target">The one named beside the route.</param>
    /// <param name="name">As the handler uses it; <see langword="null"/> or empty when it was not given.</param>
    public static ValueTask RequireAsync(this HttpContext context, AccessTarget target, string? name) =>
        context.Features.Get<AccessGate>() is { } gate ? gate.AskAsync(target, name, context.RequestAborted) : default;

    /// <summary>The same for each of several names.</summary>
    public static async ValueTask RequireEachAsync(this HttpContext context, AccessTarget target, IEnumerable<string> names)
    {
        if (context.Features.Get<AccessGate>() is not { } gate)
        {
            return;
        }

        await gate.AskAsync(target, null, context.RequestAborted);
        foreach (var name in names)
        {
            await gate.AskAsync(target, name, context.RequestAborted);
        }
    }

    /// <summary>Whether the caller may read something.</summary>
    public static ValueTask<bool> MayReadAsync(this HttpContext context, PermissionKind kind, string id) =>
        context.Features.Get<AccessGate>() is { } gate ? gate.MayAsync(PermissionLevel.Read, new PermissionOn(kind, id), context.RequestAborted) : new(true);

    /// <summary>Whether the caller may read the pipeline of a run.</summary>
    public static async ValueTask<bool> MayReadPipelineRunAsync(this HttpContext context, string? runId) =>
        context.Features.Get<AccessGate>() is null
        || (runId is { Length: > 0 } && await context.RequestServices.GetRequiredService<Owners>().OfPipelineRun(runId, context.RequestAborted) is { } pipeline
            && await context.MayReadAsync(PermissionKind.Pipeline, pipeline));

    /// <summary>Whether the caller is still there and may still do what it was let in for. Keys and callers that nobody is asked about do not change.</summary>
    public static async ValueTask<bool> StillMayAsync(this HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Features.Get<AccessGate>() is { } gate)
        {
            return await gate.StillHoldsAsync(cancellationToken);
        }

        return context.Features.Get<Caller>() is not { UserId: { } id } administrator
            || await context.RequestServices.GetRequiredService<Accounts>().FindUser(administrator.Name, fresh: false, cancellationToken) is { IsAdministrator: true } user && user.Id == id;
    }

    /// <summary>Those that the caller may see.</summary>
    public static async ValueTask<IReadOnlyList<T>> ReadableAsync<T>(this HttpContext context, PermissionKind kind, IReadOnlyList<T> items, Func<T, string> id)
    {
        if (context.Features.Get<AccessGate>() is null)
        {
            return items;
        }

        var readable = new List<T>(items.Count);
        foreach (var item in items)
        {
            if (await context.MayReadAsync(kind, id(item)))
            {
                readable.Add(item);
            }
        }

        return readable;
    }

    /// <summary>The caller made something: a user manages what it made, and levels on an earlier thing of that name are gone.</summary>
    public static Task OwnAsync(this HttpContext context, PermissionKind kind, string id) =>
        UsersAreOn(context) && context.Features.Get<Caller>() is { } caller && (caller.UserId is not null || kind != PermissionKind.Experiment)
            ? Grain(context).Created(caller.UserId is null ? null : caller.Name, new PermissionOn(kind, id), CancellationToken.None)
            : Task.CompletedTask;

    /// <summary>Makes a change that creates the thing when there is none of that name; then it is the caller's, unless somebody else was first meanwhile.</summary>
    public static async Task<T> OwnIfNewAsync<T>(this HttpContext context, PermissionKind kind, string id, Func<Task<T>> change, Func<T, bool> isFirst)
    {
        var isNew = UsersAreOn(context) && !await context.RequestServices.GetRequiredService<Owners>().Exists(new PermissionOn(kind, id), context.RequestAborted);
        var made = await change();
        if (isNew && isFirst(made))
        {
            await context.OwnAsync(kind, id);
        }

        return made;
    }

    /// <summary>A registered model has another name.</summary>
    public static Task MoveModelAsync(this HttpContext context, string from, string to) => UsersAreOn(context)
        ? Grain(context).Renamed(new PermissionOn(PermissionKind.RegisteredModel, from), new PermissionOn(PermissionKind.RegisteredModel, to), CancellationToken.None)
        : Task.CompletedTask;

    /// <summary>What is started now goes on after the request, for the user who asks.</summary>
    public static void ActForCaller(this HttpContext context) => Principal.Current = context.Features.Get<Caller>() is { UserId: { } id } user
        ? new Principal(id, user.Name, context.RequestServices.GetRequiredService<Accounts>().Default)
        : null;

    private static bool UsersAreOn(HttpContext context) => context.RequestServices.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Administrator is not null;

    private static IAccountsGrain Grain(HttpContext context) => context.RequestServices.GetRequiredService<Accounts>().Grain;
}
