using MlopsGrains.Server.Hosting.Start;
using Npgsql;

namespace MlopsGrains.Gateway.Tests.Start;

public sealed class PostgresConnectionTests
{
    [Theory]
    [InlineData("postgres://ada:p%40ss%3Aword@db:5433/ml%20ops", "Host=db;Port=5433;Username=ada;Password=p@ss:word;Database='ml ops'")]
    [InlineData("postgresql://ada@db/mlops", "Host=db;Port=5432;Username=ada;Database=mlops")]
    [InlineData("postgres://ada:x@[::1]:5433/mlops?sslmode=verify-full&application_name=ml", "Host=::1;Port=5433;Username=ada;Password=x;Database=mlops;SSL Mode=VerifyFull;Application Name=ml")]
    [InlineData("postgres://db?sslmode=require&channel_binding=require", "Host=db;Port=5432;SSL Mode=Require;Channel Binding=Require")]
    [InlineData("Host=db;Username=ada", "Host=db;Username=ada")]
    public void Read_GivesNpgsqlsForm(string text, string same) =>
        Assert.Equal(new NpgsqlConnectionStringBuilder(same).ConnectionString, PostgresConnection.Read(text).Connection);

    [Theory]
    [InlineData("postgres://ada:geheim@db/mlops?colour=red", "colour")]
    [InlineData("postgres://ada:geheim@db:port/mlops", "malformed")]
    [InlineData("Username=ada;Password=geheim", "names no host")]
    [InlineData("geheim", "cannot be read")]
    public void Read_SaysWhatIsWrong_WithoutThePassword(string text, string said)
    {
        var fault = PostgresConnection.Read(text).Fault;

        Assert.Contains(said, fault, StringComparison.Ordinal);
        Assert.StartsWith("--connection", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", said == "cannot be read" ? "" : fault, StringComparison.Ordinal);
    }
}
