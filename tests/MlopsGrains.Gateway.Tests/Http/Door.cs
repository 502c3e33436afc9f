using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlopsGrains.Blobs;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>The gateway on a real port without a silo behind it, for what it decides alone. Every grain call times out.</summary>
internal sealed class Door(WebApplication app) : IAsyncDisposable
{
    public Uri Address { get; } = new(app.Urls.First());

    public IServiceProvider Services => app.Services;

    public HttpClient Http { get; } = new() { BaseAddress = new Uri(app.Urls.First()) };

    public static async Task<Door> OpenAsync(Action<IEndpointRouteBuilder>? map = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
        builder.Services.AddMlopsGateway(builder.Configuration);
        builder.Services.AddSingleton(DispatchProxy.Create<IGrainFactory, NoSilo>());
        builder.Services.AddSingleton(DispatchProxy.Create<IBlobs, NoSilo>());
        builder.Services.AddSingleton(DispatchProxy.Create<IBlobUploads, NoSilo>());
        var app = builder.Build();
        app.UseMlopsGateway();
        app.MapMlopsGateway();
        map?.Invoke(app);
        await app.StartAsync();
        return new Door(app);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}

/// <summary>Grains and blobs that never answer. Public because the runtime makes the proxy.</summary>
public class NoSilo : DispatchProxy
{
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new TimeoutException("no silo");
}
