using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Web.Administration;
using MlopsGrains.Web.Assets;
using MlopsGrains.Web.Data;
using MlopsGrains.Web.Deployments;
using MlopsGrains.Web.Experiments;
using MlopsGrains.Web.Governance;
using MlopsGrains.Web.Home;
using MlopsGrains.Web.Identity;
using MlopsGrains.Web.Inbox;
using MlopsGrains.Web.Models;
using MlopsGrains.Web.Monitoring;
using MlopsGrains.Web.Pages;
using MlopsGrains.Web.Pipelines;
using MlopsGrains.Web.Shell;

namespace MlopsGrains.Web;

/// <summary>Wires the web UI: <c>AddMlopsWeb</c>, <c>UseMlopsWeb</c> after what every request passes, <c>MapMlopsWeb</c>.</summary>
public static class WebRegistration
{
    /// <summary>Adds what pages need.</summary>
    /// <param name="services">Of the host.</param>
    /// <param name="door">How the API is reached in the name of whoever asks for a page.</param>
    public static IServiceCollection AddMlopsWeb(this IServiceCollection services, Func<IServiceProvider, ApiDoor> door)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(door);
        services.AddScoped<PageContext>();
        return services;
    }

    /// <summary>Shows a page where a browser asks for an address that leads nowhere. Programs get what the host says.</summary>
    public static IApplicationBuilder UseMlopsWeb(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        await next(context);
        if (context.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false } && context.GetEndpoint() is null && HttpMethods.IsGet(context.Request.Method)
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) && !context.Request.Path.StartsWithSegments("/api"))
        {
            await PageRoutes.AnswerAsync<NoPage>(context, StatusCodes.Status404NotFound);
        }
    });

    /// <summary>
    /// Maps all pages and their assets. A page itself tells nothing: what it shows it asks of the API, with the reader's credentials, so the host lets everybody ask for one.
    /// </summary>
    public static IEndpointConventionBuilder MapMlopsWeb(this IEndpointRouteBuilder endpoints)
    {
        var web = endpoints.MapGroup("");
        web.MapMethods("/assets/{version}/{**path}", [HttpMethods.Get, HttpMethods.Head], (HttpContext context, string version, string path) => WebAssets.Answer(context, version, path)).ExcludeFromDescription();
        web.MapPage<HomePage>("/");
        web.MapPage<Found>("/palette");
        web.MapInbox();
        web.MapSignIn();
        web.MapExperiments();
        web.MapData();
        web.MapPipelines();
        web.MapModels();
        web.MapDeployments();
        web.MapMonitoring();
        web.MapGovernance();
        web.MapAdministration();
        return web;
    }
}
