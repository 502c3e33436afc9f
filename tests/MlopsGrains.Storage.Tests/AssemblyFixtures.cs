using MlopsGrains.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]
