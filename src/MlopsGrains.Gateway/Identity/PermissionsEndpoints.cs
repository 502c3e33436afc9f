using MlopsGrains.Errors;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway.Identity;

/// <summary>Levels on every kind of thing, of the native API. They exist where an administrator is configured.</summary>
internal static class PermissionsEndpoints
{
    public static void MapPermissions(this IEndpointRouteBuilder endpoints)
    {
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Administrator is null)
        {
            return;
        }

        var identity = endpoints.MapNative("Identity");
        identity.MapGet("/users/{user}", GetUser).RequiresSelf("user").WithName("GetUser").WithSummary("A user with the levels that it was given.");
        foreach (var (things, kind, target, field) in new[]
        {
            ("experiments", PermissionKind.Experiment, AccessTarget.Experiment, "id"),
            ("models", PermissionKind.RegisteredModel, AccessTarget.RegisteredModel, "name"),
            ("datasets", PermissionKind.Dataset, AccessTarget.Dataset, "name"),
            ("deployments", PermissionKind.Deployment, AccessTarget.Deployment, "name"),
            ("monitors", PermissionKind.Monitor, AccessTarget.Monitor, "deployment"),
            ("pipelines", PermissionKind.Pipeline, AccessTarget.Pipeline, "name"),
        })
        {
            PermissionOn On(HttpContext context) => new(kind, (string)context.Request.RouteValues[field]!);
            var route = $"/permissions/{things}/{{{field}}}/{{user}}";
            identity.MapPut(route, (string user, LevelChange body, HttpContext context, IGrainFactory grains) => Grant(user, On(context), body.Level, grains, context.RequestAborted))
                .Requires(PermissionLevel.Manage, target, field).WithName($"Grant{kind}Permission").WithSummary($"Gives a user a level on {Article(kind)}, in place of the one it has.")
                .WithExample("""{"level":"edit"}""");
            identity.MapDelete(route, (string user, HttpContext context, IGrainFactory grains) => Revoke(user, On(context), grains, context.RequestAborted))
                .Requires(PermissionLevel.Manage, target, field).WithName($"Revoke{kind}Permission").WithSummary($"Takes a user's level on {Article(kind)} back; the default holds then.");
        }
    }

    private static async Task<Ok<UserAccount>> GetUser(string user, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Accounts(grains).GetUser(user, cancellationToken));

    private static async Task<NoContent> Grant(string user, PermissionOn on, PermissionLevel level, IGrainFactory grains, CancellationToken cancellationToken)
    {
        try
        {
            await Accounts(grains).Grant(user, on, level, cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            await Accounts(grains).ChangeGrant(user, on, level, cancellationToken);
        }

        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Revoke(string user, PermissionOn on, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Accounts(grains).Revoke(user, on, cancellationToken);
        return TypedResults.NoContent();
    }

    private static string Article(PermissionKind kind) => kind == PermissionKind.Experiment ? "an experiment" : $"a {kind.InWords()}";

    private static IAccountsGrain Accounts(IGrainFactory grains) => grains.GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    /// <param name="Level"><c>none</c>, <c>read</c>, <c>use</c>, <c>edit</c> or <c>manage</c>; each holds the ones before.</param>
    internal sealed record LevelChange(PermissionLevel Level);
}
