using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

public sealed class RunGroupTests(ServerFixture server)
{
    [Fact]
    public async Task Groups_AreListedAndCompared()
    {
        var name = $"groups-{Guid.NewGuid():N}";
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        foreach (var (optimizer, values) in ((string, double[])[])[("sgd", [1, 2, 3]), ("adam", [4, 5, 6])])
        {
            for (var seed = 0; seed < values.Length; seed++)
            {
                await using var run = await client.StartRunAsync(name, cancellationToken: TestContext.Current.CancellationToken);
                run.LogParam("opt", optimizer);
                run.LogParam("random_state", $"{seed}");
                run.LogMetric("acc", values[seed]);
            }
        }

        var groups = (await RunAsync("runs", "groups", "-e", name, "--metric", "acc")).Json.EnumerateArray()
            .ToDictionary(g => g.GetProperty("params")[0].GetProperty("value").GetString()!, g => g.GetProperty("id").GetString()!);
        var compared = await RunAsync("runs", "compare", groups["sgd"], groups["adam"], "-e", name);
        var shown = await Shell.RunAsync("runs", "groups", "-e", name, "--server", server.BaseAddress.AbsoluteUri);

        Assert.Equal(3, compared.Json[0].GetProperty("difference").GetDouble());
        Assert.Equal(0.1, compared.Json[0].GetProperty("rankP").GetDouble(), 1e-9);
        Assert.Contains("opt=adam", shown.Out, StringComparison.Ordinal);
        Assert.NotEqual(0, (await RunAsync("runs", "groups", "-e", name, "--confidence", "2")).Code);
    }

    private Task<Said> RunAsync(params string[] args) => Shell.RunAsync([.. args, "--json", "--server", server.BaseAddress.AbsoluteUri]);
}
