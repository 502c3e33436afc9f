using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>An unmodified third-party MLflow client (npm package <c>mlflow</c>) trains against a live server.</summary>
public sealed class NodeClientTests
{
    [Fact]
    public async Task UnmodifiedNodeClient_TrainsLogsAndSearches()
    {
        using var directory = await NodePackage.InstallAsync("NodeClient");
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", data.Path]);

        var output = await ToolRun.SucceedAsync(directory.Path, ["node", "training.js", server.Address.ToString().TrimEnd('/'), "node client"]);

        Assert.Matches("^ok [0-9a-f]{32}\n$", output);
    }
}
