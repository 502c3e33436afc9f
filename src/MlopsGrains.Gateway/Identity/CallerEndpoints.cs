using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Identity;

/// <summary>What a caller may ask about itself.</summary>
internal static class CallerEndpoints
{
    public static void MapCaller(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapNative("Identity").MapGet("/whoami", WhoAmI).RequiresSignIn().WithName("WhoAmI").WithSummary("Whom the server takes the caller for.");

    private static Ok<CallerView> WhoAmI(HttpContext context) => TypedResults.Ok(View(context.Features.Get<Caller>()));

    internal static CallerView View(Caller? caller) => caller switch
    {
        null => new CallerView(Actor.Current, "anybody", true),
        { UserId: null } key => new CallerView(key.Name, "apiKey", true),
        var user => new CallerView(user.Name, "user", user.MayAll),
    };

    /// <param name="Name">The actor of its changes.</param>
    /// <param name="Kind"><c>user</c>, <c>apiKey</c>, or <c>anybody</c> where no sign-in is asked for.</param>
    /// <param name="IsAdministrator">Whether no levels are asked for.</param>
    internal sealed record CallerView(string Name, string Kind, bool IsAdministrator);
}
