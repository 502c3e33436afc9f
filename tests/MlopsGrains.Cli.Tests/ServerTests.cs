using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

/// <summary>The command against the real platform.</summary>
public sealed class ServerTests(ServerFixture server)
{
    [Fact]
    public async Task Version_SaysTheServers()
    {
        var said = await RunAsync("version");

        Assert.Equal(0, said.Code);
        Assert.Equal("all", said.Json.GetProperty("server").GetProperty("role").GetString());
    }

    private Task<Said> RunAsync(params string[] args) => Shell.RunAsync([.. args, "--json", "--server", server.BaseAddress.AbsoluteUri]);
}
