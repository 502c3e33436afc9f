using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Client;
using MlopsGrains.Client.Http;
using MlopsGrains.Settings;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers <see cref="MlopsGrainsClient"/>.</summary>
public static class MlopsGrainsClientRegistration
{
    /// <summary>Name of the <see cref="HttpClient"/> in <see cref="IHttpClientFactory"/>.</summary>
    public const string HttpClientName = "MlopsGrains";

    /// <summary>
    /// Adds a singleton <see cref="MlopsGrainsClient"/>. Options come from the section <see cref="MlopsGrainsClientOptions.SectionName"/> when the program has
    /// configuration, then from <paramref name="configure"/>; they are checked when the host starts. The answered builder takes handlers of your own.
    /// </summary>
    public static IHttpClientBuilder AddMlopsGrainsClient(this IServiceCollection services, Action<MlopsGrainsClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        var options = services.CheckSettings<MlopsGrainsClientOptions>()
            .Configure<IServiceProvider>((o, provider) => provider.GetService<IConfiguration>()?.GetSection(MlopsGrainsClientOptions.SectionName).Bind(o));
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton(provider => new MlopsGrainsClient(
            () => provider.GetRequiredService<IHttpClientFactory>().CreateClient(HttpClientName),
            provider.GetRequiredService<IOptions<MlopsGrainsClientOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            owned: null,
            provider.GetService<ILoggerFactory>(),
            proxyOf: EnvironmentProxy.Instance.Describe));
        return services.AddHttpClient(HttpClientName, http => http.Timeout = Timeout.InfiniteTimeSpan).ConfigurePrimaryHttpMessageHandler(EnvironmentProxy.CreateHandler);
    }
}
