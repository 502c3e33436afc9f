using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.InProcess;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Live;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Operation;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Settings;

namespace MlopsGrains.Gateway;

/// <summary>Wires the HTTP door: <c>AddMlopsGateway</c>, <c>UseMlopsGateway</c>, <c>MapMlopsGateway</c>, in this order.</summary>
public static class GatewayRegistration
{
    /// <summary>Adds the gateway's options (sections <c>Gateway</c> and <c>Authentication</c>), JSON rules, OpenAPI document and readiness check.</summary>
    public static IServiceCollection AddMlopsGateway(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddSettings<GatewayOptions>();
        services.AddSettings<AuthenticationOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IIdSource, UuidSource>();
        services.TryAddSingleton<ApiKeys>();
        services.TryAddSingleton<Accounts>();
        services.TryAddSingleton<SignInThrottle>();
        services.TryAddSingleton<UserPasswords>();
        services.TryAddSingleton<Sessions>();
        services.TryAddSingleton<Owners>();
        services.TryAddSingleton<PageSeal>();
        services.TryAddSingleton<ArtifactFiles>();
        services.TryAddSingleton<ArtifactUploads>();
        services.TryAddSingleton<LiveFeeds>();
        services.TryAddSingleton<BodyBudget>();
        services.TryAddSingleton<InProcessDoor>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<GatewayOptions>>((kestrel, gateway) =>
        {
            kestrel.Limits.MaxRequestLineSize = gateway.Value.RequestLineBytesMax;
            kestrel.Limits.MinRequestBodyDataRate = gateway.Value.BodyBytesPerSecondMin == 0 ? null : new MinDataRate(gateway.Value.BodyBytesPerSecondMin, gateway.Value.BodyGrace);
        });
        services.ConfigureHttpJsonOptions(o => NativeJson.Apply(o.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddApiDocument();
        services.AddHealthChecks().AddCheck<SiloHealthCheck>("silo", timeout: TimeSpan.FromSeconds(3));
        return services;
    }

    /// <summary>Adds what every request passes: security headers, one error mapping, host and origin check, authentication, body limits, permissions, repeated creations.</summary>
    public static IApplicationBuilder UseMlopsGateway(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app
            .Use(next =>
            {
                LockedDoors.Check(app.ApplicationServices.GetRequiredService<EndpointDataSource>());
                return app.ApplicationServices.GetRequiredService<InProcessDoor>().Through(next);
            })
            .UseRouting()
            .UseMiddleware<RefusalMiddleware>()
            .UseMiddleware<RequestTargetMiddleware>()
            .UseMiddleware<OriginCheckMiddleware>()
            .UseMiddleware<AuthenticationMiddleware>()
            .UseMiddleware<BodyLimitMiddleware>()
            .UseMiddleware<AccessMiddleware>()
            .UseMiddleware<IdempotencyMiddleware>();
    }
}
