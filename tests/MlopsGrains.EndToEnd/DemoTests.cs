using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The README's first command, run as a reader would.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Demo_AsTheReadmeSays_TakesAModelThroughItsWholeLife()
    {
        var (exitCode, output) = await RunAsync(await CommandAsync());

        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain("FAILED", output, StringComparison.Ordinal);
        Assert.Contains("alert names", output, StringComparison.Ordinal);
        Assert.Contains("model version 2 is deployed", output, StringComparison.Ordinal);
        Assert.Contains("every hash recomputed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_ThatTakesTooLong_FailsWithALine_AndLeavesNothingBehind()
    {
        var (exitCode, output) = await RunAsync($"dotnet {RepositoryRoot.ServerProgram} demo --patience 1");

        Assert.True(exitCode == 1, output);
        Assert.Contains("has not ended within 1 s", Assert.Single(output.Split('\n'), l => l.Contains("FAILED", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        var directory = output.Split('\n').Single(l => l.Contains("with its data in ", StringComparison.Ordinal)).Split("with its data in ")[1].Trim();
        Assert.False(Directory.Exists(directory), $"{directory} is still there.");
    }

    private static async Task<string> CommandAsync()
    {
        var readme = await File.ReadAllLinesAsync(Path.Combine(RepositoryRoot.Path, "README.md"), TestContext.Current.CancellationToken);
        return Assert.Single(readme, l => l.StartsWith("dotnet run", StringComparison.Ordinal) && l.EndsWith("demo", StringComparison.Ordinal));
    }

    private static Task<ToolRun> RunAsync(string command) => ToolRun.RunAsync(RepositoryRoot.Path, ["bash", "-c", command + " 2>&1"]);
}
