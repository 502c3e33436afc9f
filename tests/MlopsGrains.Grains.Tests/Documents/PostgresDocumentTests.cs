using MlopsGrains.Storage;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Documents;

/// <summary>Documents in PostgreSQL, through Orleans' ADO.NET provider and the platform's own statements.</summary>
public sealed class PostgresDocumentTests(PostgresDocumentTests.Silo silo) : DocumentContract(silo.Cluster), IClassFixture<PostgresDocumentTests.Silo>
{
    public sealed class Silo(PostgresServer postgres) : IAsyncLifetime
    {
        private InProcessTestCluster? cluster;

        public InProcessTestCluster Cluster => cluster!;

        public async ValueTask InitializeAsync()
        {
            var connection = await postgres.CreateDatabaseAsync();
            var builder = new InProcessTestClusterBuilder(1);
            builder.ConfigureSilo((_, silo) =>
            {
                silo.Services.AddPostgresStorage(o => o.ConnectionString = connection);
                silo.UseSystemTextJsonGrainStorageSerializer();
                silo.AddPostgresDocuments();
            });
            cluster = builder.Build();
            await cluster.DeployAsync();
        }

        public async ValueTask DisposeAsync() => await Cluster.DisposeAsync();
    }
}
