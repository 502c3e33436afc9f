using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Inbox;

internal static class InboxRoutes
{
    public static void MapInbox(this IEndpointRouteBuilder web) => web.MapPage<InboxPage>("/inbox");
}
