using MlopsGrains.Storage;
using MlopsGrains.Testing;
using Orleans.TestingHost;

[assembly: AssemblyFixture(typeof(MlopsGrains.Grains.Tests.SiloFixture))]
[assembly: AssemblyFixture(typeof(MlopsGrains.Testing.PostgresServer))]

namespace MlopsGrains.Grains.Tests;

/// <summary>One silo with real SQLite and folder blobs, shared by the assembly: use unique grain keys.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private InProcessTestCluster? cluster;

    public IGrainFactory Grains => Cluster.Client;

    public InProcessTestCluster Cluster => cluster ?? throw new InvalidOperationException("The silo is not started.");

    /// <summary>The silo's own services, for parts that are not grains.</summary>
    public IServiceProvider Services => Cluster.GetSiloServiceProvider();

    public async ValueTask InitializeAsync() => cluster = await StartAsync(directory.Path);

    public async ValueTask DisposeAsync()
    {
        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }

        directory.Dispose();
    }

    /// <summary>A silo of its own over <paramref name="dataDirectory"/>, for tests that stop and start one.</summary>
    public static async Task<InProcessTestCluster> StartAsync(string dataDirectory, Action<ISiloBuilder>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSqliteStorage(o => o.Path = Path.Combine(dataDirectory, "mlops.db"));
            silo.Services.AddFolderBlobs(o => o.Root = Path.Combine(dataDirectory, "blobs"));
            silo.AddMlopsGrains();
            silo.AddRecordDocuments();
            configure?.Invoke(silo);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
