using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Quotas;

/// <summary>What bounds how much is brought in.</summary>
public static class QuotasRegistration
{
    public static IServiceCollection AddQuotas(this IServiceCollection services)
    {
        services.AddSettings<QuotaOptions>();
        services.TryAddSingleton<TextQuota>();
        return services;
    }
}
