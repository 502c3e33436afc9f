using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Blobs;
using MlopsGrains.Grains.Blobs;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Experiments;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Damage;
using Npgsql;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace MlopsGrains.Grains;

/// <summary>What a silo needs to host the platform's grains.</summary>
public static class GrainsRegistration
{
    /// <summary>Adds every domain. Storage and documents are added apart, by engine.</summary>
    public static ISiloBuilder AddMlopsGrains(this ISiloBuilder silo)
    {
        silo.UseSystemTextJsonGrainStorageSerializer();
        var json = silo.Services.Last(service => service.ServiceType == typeof(IGrainStorageSerializer) && !service.IsKeyedService);
        silo.Services.Replace(ServiceDescriptor.Singleton<IGrainStorageSerializer>(services => new SealedSerializer(
            (IGrainStorageSerializer)(json.ImplementationInstance ?? json.ImplementationFactory?.Invoke(services) ?? ActivatorUtilities.CreateInstance(services, json.ImplementationType!)))));
        silo.AddCustomStorageBasedLogConsistencyProviderAsDefault();
        silo.Services.AddPlatformPorts();
        silo.AddCalls();
        silo.Services.AddSingleton<IntentDelivery>();
        silo.Services.AddHostedService(services => services.GetRequiredService<IntentDelivery>());
        silo.Services.AddExperiments();
        silo.Services.AddWebhooks();
        silo.Services.AddQuotas();
        silo.Services.AddModels();
        silo.Services.AddDeployments();
        silo.Services.AddMonitoring();
        silo.Services.AddPipelines();
        return silo;
    }

    /// <summary>What the gateway needs of the platform when no silo shares its process.</summary>
    public static IServiceCollection AddPlatformPorts(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddPauseGate();
        services.TryAddSingleton<IIdSource, UuidSource>();
        services.TryAddSingleton<IBlobs, BlobsAdapter>();
        services.TryAddSingleton<IBlobUploads, BlobsAdapter>();

        // The first provider that knows an interface is the one that counts.
        services.Insert(0, ServiceDescriptor.Singleton<IGrainInterfaceTypeProvider, RememberedInterfaceTypes>());
        return services;
    }

    /// <summary>Documents in the embedded database, through the journal's writer.</summary>
    public static ISiloBuilder AddRecordDocuments(this ISiloBuilder silo)
    {
        silo.AddCalls();
        silo.Services.AddGrainStorage(MlopsStorage.Documents, (services, _) => new CheckedDocuments(
            ActivatorUtilities.CreateInstance<RecordGrainStorage>(services), services.GetRequiredService<DamageList>(), services.GetRequiredService<CallGate>()));
        return silo;
    }

    /// <summary>Documents in PostgreSQL, through Orleans' ADO.NET provider and the platform's own statements.</summary>
    public static ISiloBuilder AddPostgresDocuments(this ISiloBuilder silo)
    {
        const string Unchecked = MlopsStorage.Documents + "-unchecked";
        silo.AddCalls();
        silo.AddAdoNetGrainStorage(Unchecked, options => options.Configure<NpgsqlDataSource>((o, source) =>
        {
            o.Invariant = "Npgsql";
            o.DataSource = source;
        }));
        silo.Services.AddGrainStorage(MlopsStorage.Documents, (services, _) => new CheckedDocuments(
            services.GetRequiredKeyedService<IGrainStorage>(Unchecked), services.GetRequiredService<DamageList>(), services.GetRequiredService<CallGate>()));
        return silo;
    }
}
