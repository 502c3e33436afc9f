using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using MlopsGrains.Server.Hosting;

[assembly: AssemblyFixture(typeof(MlopsGrains.Testing.ServerFixture))]

namespace MlopsGrains.Testing;

/// <summary>The real platform in this process: one silo and the gateway on a free loopback port, data in a temporary directory. Use unique names.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private WebApplication? app;

    public Uri BaseAddress { get; private set; } = new("http://127.0.0.1");

    /// <summary>A client without retries or redirects.</summary>
    public HttpClient Http { get; private set; } = new();

    public IServiceProvider Services => app!.Services;

    public async ValueTask InitializeAsync()
    {
        app = await StartAsync(directory.Path);
        BaseAddress = new Uri(app.Urls.First());
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = BaseAddress, Timeout = TimeSpan.FromSeconds(60) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        directory.Dispose();
    }

    /// <summary>A platform of its own over <paramref name="dataDirectory"/>, for tests with settings of their own or that restart it.</summary>
    public static async Task<WebApplication> StartAsync(string dataDirectory, Action<WebApplicationBuilder>? configure = null)
    {
        var settings = new ServerSettings { DataDirectory = dataDirectory, Urls = "http://127.0.0.1:0", ClusterId = Guid.NewGuid().ToString("N") };
        var app = PlatformHost.Build(settings, builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            configure?.Invoke(builder);
        });
        try
        {
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }
}
