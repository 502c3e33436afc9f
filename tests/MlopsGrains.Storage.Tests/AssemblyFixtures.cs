using MlopsGrains.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]
