using MlopsGrains.Errors;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests;

/// <summary>The client against the real platform.</summary>
public sealed class ServerTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Info_IsTheServers()
    {
        using var client = Connect();

        var info = await client.GetInfoAsync(Cancel);

        Assert.Equal(("all", "sqlite"), (info.Role, info.Storage));
        Assert.NotEmpty(info.Version);
    }

    [Fact]
    public async Task UnknownRun_IsNotFound()
    {
        using var client = Connect();

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => client.Runs.GetAsync("no-such-run", Cancel))).Kind);
    }

    private MlopsGrainsClient Connect() => MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
}
