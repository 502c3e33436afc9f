using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

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
        foreach (var (kind, target) in new[]
        {
            (PermissionKind.Experiment, AccessTarget.Experiment),
            (PermissionKind.RegisteredModel, AccessTarget.RegisteredModel),
            (PermissionKind.Dataset, AccessTarget.Dataset),
            (PermissionKind.Deployment, AccessTarget.Deployment),
            (PermissionKind.Monitor, AccessTarget.Monitor),
            (PermissionKind.Pipeline, AccessTarget.Pipeline),
        })
        {
            var route = $"/permissions/{kind.InPaths()}/{{on}}/{{user}}";
            identity.MapPut(route, (string on, string user, LevelChange body, IGrainFactory grains, CancellationToken cancellationToken) => Grant(user, new(kind, on), body.Level, grains, cancellationToken))
                .Requires(PermissionLevel.Manage, target, "on").WithName($"Grant{kind}Permission").WithSummary($"Gives a user a level on {Article(kind)}, in place of the one it has.")
                .WithExample("""{"level":"edit"}""");
            identity.MapDelete(route, (string on, string user, IGrainFactory grains, CancellationToken cancellationToken) => Revoke(user, new(kind, on), grains, cancellationToken))
                .Requires(PermissionLevel.Manage, target, "on").WithName($"Revoke{kind}Permission").WithSummary($"Takes a user's level on {Article(kind)} back; the default holds then.");
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
