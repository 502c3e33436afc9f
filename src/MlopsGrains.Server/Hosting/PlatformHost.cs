using Microsoft.Extensions.Options;
using MlopsGrains.Client;
using MlopsGrains.Gateway;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.InProcess;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Grains;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Server.Hosting.Cluster;
using MlopsGrains.Server.Hosting.Start;
using MlopsGrains.Settings;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Web;
using Npgsql;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Providers;
using GatewayOptions = MlopsGrains.Gateway.Http.GatewayOptions;

namespace MlopsGrains.Server.Hosting;

/// <summary>Wires silo, gateway and operation by role. One code path for a laptop and a cluster: only providers differ.</summary>
public static class PlatformHost
{
    /// <summary>Durable identity of all data; never changes.</summary>
    private const string ServiceId = "mlopsgrains";

    /// <summary>Checks the settings and builds the host; nothing listens yet. Storage migrates its database when the host starts, before anything else.</summary>
    /// <param name="settings">What to run.</param>
    /// <param name="configure">A last word on the builder, for tests and the demo.</param>
    /// <param name="verbose">Whether to log everything.</param>
    /// <exception cref="InvalidSettingsException">The settings have faults; all are listed.</exception>
    public static WebApplication Build(ServerSettings settings, Action<WebApplicationBuilder>? configure = null, bool verbose = false)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddEnvironmentVariables(SettingNames.Prefix);
        configure?.Invoke(builder);

        var authentication = builder.Configuration.GetSection(AuthenticationOptions.Section).Get<AuthenticationOptions>() ?? new();
        InvalidSettingsException.ThrowIfAny(settings.Faults(authentication.IsConfigured));
        var security = builder.Configuration.GetSection(ClusterSecurityOptions.Section).Get<ClusterSecurityOptions>() ?? new();
        InvalidSettingsException.ThrowIfAny(ClusterTls.Faults(settings, security));
        InvalidSettingsException.ThrowIfAny(StartChecks.Faults(settings));
        var identity = settings.Role != ServerRole.All && security.IsConfigured ? ClusterIdentity.Of(security) : null;

        builder.WebHost.UseUrls([.. settings.Addresses]);
        if (!authentication.IsConfigured)
        {
            builder.WebHost.StayLocal();
        }

        builder.AddLog(verbose);
        builder.AddTelemetry(settings);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(12));
        builder.AddStorage(settings);
        builder.Services.AddPlatformPorts();
        builder.Services.AddSettings<IdleMemoryOptions>();
        builder.Services.AddHostedService<IdleMemory>();
        builder.Services.AddHostedService<ClockSteps>();
        if (settings.Role == ServerRole.Gateway)
        {
            builder.UseOrleansClient(client => client.AddCluster(settings, identity, builder.Configuration));
        }
        else
        {
            builder.UseOrleans(silo => silo.AddCluster(settings, identity, builder.Configuration));
        }

        builder.Services.AddPredictionTallies(Path.Combine(settings.BlobDirectoryOrDefault, "tallies"));
        builder.Services.AddMlopsGateway(builder.Configuration);
        builder.Services.AddMlopsWeb(services => services.GetRequiredService<InProcessDoor>().For);
        var app = builder.Build();
        app.WarnOfPlainHttp();
        if (settings.Role == ServerRole.Silo && identity is null)
        {
            app.WarnOfOpenPorts();
        }

        app.UseMlopsGateway();
        app.MapOperation(settings);
        if (settings.Role != ServerRole.Silo)
        {
            app.MapMlopsGateway();
            app.UseMlopsWeb();
            app.MapMlopsWeb().RequiresNothing();
        }

        return app;
    }

    private static void AddStorage(this WebApplicationBuilder builder, ServerSettings settings)
    {
        if (settings.Storage == StorageEngine.Postgres)
        {
            builder.Services.AddPostgresStorage(o =>
            {
                o.ConnectionString = settings.ConnectionString!;

                // A gateway writes nothing, so it has nothing to answer for.
                if (settings.Role != ServerRole.Gateway)
                {
                    Mark(o.Marks, settings);
                }
            });
            if (settings.Role != ServerRole.Gateway)
            {
                builder.Services.AddOptions<PostgresStorageOptions>().Configure<ILocalSiloDetails>((o, silo) => o.Member = new(
                    settings.ClusterId, silo.SiloAddress.Endpoint.Address.ToString(), silo.SiloAddress.Endpoint.Port, silo.SiloAddress.Generation));
            }
        }
        else
        {
            builder.Services.AddFolderLock(settings.DataDirectory, settings.Urls);
            builder.Services.AddSqliteStorage(o =>
            {
                o.Path = settings.DatabaseFile;
                if (settings.Storage == StorageEngine.Sqlite)
                {
                    Mark(o.Marks, settings);
                }
            });
        }

        if (settings.Storage == StorageEngine.NoOp)
        {
            builder.Services.AddSingleton<IJournal, NoOpJournal>();
        }

        builder.Services.AddFolderBlobs(o => o.Root = settings.BlobDirectoryOrDefault);
        builder.Services.AddSingleton<StorageHealthCheck>();
        builder.Services.AddHealthChecks().AddCheck<StorageHealthCheck>("storage", timeout: TimeSpan.FromSeconds(3));
        builder.Services.AddKeyedSingleton<IControllable, DamageReporter>(DamageReporter.Name);
    }

    private static void Mark(MarkOptions marks, ServerSettings settings)
    {
        marks.Folder = settings.MarkDirectory;
        marks.Key = settings.MarkKey;
        marks.AcceptLoss = settings.AcceptLoss;
        marks.Watched.Add("audit-chain/");
    }

    private static void AddCluster(this ISiloBuilder silo, ServerSettings settings, ClusterIdentity? identity, ConfigurationManager configuration)
    {
        var siloPort = FreePort.OrGiven(settings.SiloPort, settings.AdvertisedAddress);
        var gatewayPort = FreePort.OrGiven(settings.GatewayPort, settings.AdvertisedAddress);
        silo.Services.AddSteadyTime();
        silo.AddFailureDetection(isAlone: settings.Role == ServerRole.All, configuration);
        silo.Configure<GrainCollectionOptions>(configuration.GetSection("GrainCollection"));
        if (settings.Storage == StorageEngine.Postgres)
        {
            silo.UseAdoNetClustering(options => options.Configure<NpgsqlDataSource>((o, source) =>
            {
                o.Invariant = "Npgsql";
                o.DataSource = source;
            }));
            silo.ConfigureEndpoints(settings.AdvertisedAddress, siloPort, gatewayPort);
            silo.Services.AddSingleton<Eviction>();
            silo.Services.AddSingleton<IAfterPause>(services => services.GetRequiredService<Eviction>());
            silo.Services.AddSingleton<IFatalErrorHandler>(services => services.GetRequiredService<Eviction>());
            silo.AddPostgresDocuments();
        }
        else
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort);
            silo.AddRecordDocuments();
        }

        silo.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (ServiceId, settings.ClusterId));
        if (settings.Role == ServerRole.All)
        {
            silo.OpenNoPorts();
        }

        silo.AddSecurity(identity);

        silo.AddMlopsGrains();
        if (Telemetry.HasCollector(configuration))
        {
            silo.AddActivityPropagation();
        }

        silo.AddDashboard();
    }

    private static void AddCluster(this IClientBuilder client, ServerSettings settings, ClusterIdentity? identity, ConfigurationManager configuration)
    {
        client.UseAdoNetClustering(options => options.Configure<NpgsqlDataSource>((o, source) =>
        {
            o.Invariant = "Npgsql";
            o.DataSource = source;
        }));
        client.AddSecurity(identity);
        client.AddCalls();
        client.Services.AddOptions<ClientMessagingOptions>().Configure<IOptions<GatewayOptions>>((o, gateway) => o.ResponseTimeout = gateway.Value.CallTimeout);
        client.UseConnectionRetryFilter(Patience());
        client.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (ServiceId, settings.ClusterId));
        client.Configure<Orleans.Configuration.GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1));
        if (Telemetry.HasCollector(configuration))
        {
            client.AddActivityPropagation();
        }

        client.AddDashboard();
    }

    /// <summary>A silo that shuts its door, because the secrets differ, answers as slowly as one that is away; a start says so after two attempts.</summary>
    private static Func<Exception, CancellationToken, Task<bool>> Patience()
    {
        var began = TimeProvider.System.GetTimestamp();
        return async (_, stopped) =>
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(15))
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromSeconds(1.5), stopped);
            return true;
        };
    }

    private static void MapOperation(this WebApplication app, ServerSettings settings)
    {
        app.MapPrometheusScrapingEndpoint().WithTags("Operation").WithMetadata(new HttpMethodMetadata([HttpMethods.Get])).RequiresAdministrator()
            .Describe("What the process does, for Prometheus; docs/operations.md explains each metric.", gives: "mlops_runs_created_total 12", givesBytes: "text/plain");
        app.MapDashboard();
        app.MapGet("/api/v1/info", () => new ServerInfo(Telemetry.Version, Lower(settings.Role), Lower(settings.Storage)))
            .WithName("GetInfo").WithSummary("What this process is and which version it runs").WithTags("Operation").RequiresSignIn();
        app.MapGet("/api/v1/storage/damage", DamageReporter.OfAllSilos)
            .WithName("GetStorageDamage").WithSummary("Stored things that the running silos have found damaged").WithTags("Operation").RequiresAdministrator();
        if (settings.Role == ServerRole.Silo)
        {
            app.MapHealthChecks("/health").RequiresNothing();
        }
    }

    /// <summary>The dashboard's assets take 40 MiB of memory from the moment they are mapped, so that waits for the first visitor.</summary>
    private static void MapDashboard(this WebApplication app)
    {
        const string Path = "/orleans";
        var dashboard = new Lazy<RequestDelegate>(() =>
        {
            var branch = ((IApplicationBuilder)app).New();
            branch.UseRouting();
            branch.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(Path));
            return branch.Build();
        });
        app.Map(Path + "/{**rest}", context =>
        {
            context.SetEndpoint(null);
            return dashboard.Value(context);
        }).RequiresAdministrator().WithContentPolicy(ContentPolicy.Packaged);
    }

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
