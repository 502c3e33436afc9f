using System.Text.RegularExpressions;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>What lies in <c>deploy/</c>, held against the formats' own definitions and against the server.</summary>
public sealed partial class DeployTests
{
    private static readonly string Deploy = Path.Combine(RepositoryRoot.Path, "deploy");

    [Fact]
    public async Task Manifests_AreWhatKubernetesAndComposeUnderstand_AndAMistakeIsNot()
    {
        using var checker = await NodePackage.InstallAsync("Manifests");
        using var wrong = new TempDirectory();
        await ToolRun.SucceedAsync(wrong.Path, ["cp", "-r", $"{Deploy}/.", wrong.Path]);
        Change(wrong.File("kubernetes/silo.yaml"), "readinessProbe:", "redinessProbe:");
        Change(wrong.File("kubernetes/gateway.yaml"), "  replicas: 2", "  replicas: two");
        Change(wrong.File("kubernetes/blobs.yaml"), "  accessModes:", "  acessModes:");
        Change(wrong.File("compose.yaml"), "  postgres:\n    image: postgres:17\n    restart:", "  postgres:\n    image: postgres:17\n    restrat:");

        var said = (await ToolRun.SucceedAsync(checker.Path, ["node", "validate.js", Deploy, wrong.Path])).Split('\n', 2);

        Assert.Matches("^ok [0-9]+ manifests, 4 services$", said[0]);
        Assert.All(["silo.yaml: StatefulSet/silo", "redinessProbe", "gateway.yaml: Deployment/gateway", "acessModes", "restrat"], word => Assert.Contains(word, said[1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task EveryOption_IsOneOfTheServers()
    {
        var files = Directory.EnumerateFiles(Deploy, "*", SearchOption.AllDirectories).Where(f => f.EndsWith(".yaml", StringComparison.Ordinal) || f.EndsWith("Dockerfile", StringComparison.Ordinal));
        var lists = files.SelectMany(f => Arguments().Matches(File.ReadAllText(f))).Select(m => m.Value)
            .Concat(File.ReadAllLines(Path.Combine(Deploy, "systemd", "mlopsgrains.service")).Where(l => l.StartsWith("ExecStart=", StringComparison.Ordinal)));
        var options = lists.SelectMany(l => Option().Matches(l)).Select(m => m.Value).Distinct().ToList();

        var help = await ToolRun.SucceedAsync(RepositoryRoot.Path, ["dotnet", RepositoryRoot.ServerProgram, "--help"]);

        Assert.True(options.Count >= 6, string.Join(' ', options));
        Assert.All(options, o => Assert.Contains($"{o} ", help, StringComparison.Ordinal));
    }

    [Fact]
    public void ImageIsBuilt_FromEverythingThatGuidesABuild()
    {
        var let = File.ReadAllLines(Path.Combine(RepositoryRoot.Path, ".dockerignore")).Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        var guides = Directory.EnumerateFiles(RepositoryRoot.Path).Select(f => Path.GetFileName(f)!)
            .Where(f => f is ".editorconfig" or "global.json" || f.StartsWith("Directory.", StringComparison.Ordinal) || f.Equals("nuget.config", StringComparison.OrdinalIgnoreCase));

        Assert.Empty(guides.Except(let)); // Without .editorconfig, say, the analyzers hold the code to other rules and the build fails.
    }

    [Fact]
    public async Task Health_SaysHowARunningServerIs()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", data.Path]);

        var up = await ToolRun.RunAsync(data.Path, ["dotnet", RepositoryRoot.ServerProgram, "health", "--url", server.Address.ToString()]);
        var here = await ToolRun.RunAsync(
            data.Path, ["dotnet", RepositoryRoot.ServerProgram, "health"], new Dictionary<string, string?> { ["ASPNETCORE_URLS"] = $"http://0.0.0.0:{server.Address.Port};http://[::]:1" });
        var down = await ToolRun.RunAsync(data.Path, ["dotnet", RepositoryRoot.ServerProgram, "health", "--url", $"http://127.0.0.1:{FreePort.Next()}"]);

        Assert.True(up.ExitCode == 0, up.Output);
        Assert.True(here.ExitCode == 0, here.Output);
        Assert.Equal(1, down.ExitCode);
        Assert.Contains("does not answer", Assert.Single(down.Output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unit_IsOneThatSystemdTakes()
    {
        var unit = await File.ReadAllTextAsync(Path.Combine(Deploy, "systemd", "mlopsgrains.service"), TestContext.Current.CancellationToken);
        var lines = unit.Split('\n').Where(l => l.Length > 0 && l[0] != '#').ToList();

        Assert.Equal(["[Unit]", "[Service]", "[Install]"], lines.Where(l => l[0] == '['));
        Assert.All(lines.Where(l => l[0] != '['), l => Assert.Matches("^[A-Z][A-Za-z]+=", l));
        if (File.Exists("/usr/bin/systemd-analyze"))
        {
            using var directory = new TempDirectory();
            await File.WriteAllTextAsync(directory.File("mlopsgrains.service"), unit.Replace("/usr/local/bin/mlopsgrains", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            Assert.Equal("", await ToolRun.SucceedAsync(directory.Path, ["systemd-analyze", "verify", "--man=no", directory.File("mlopsgrains.service")]));
        }
    }

    private static void Change(string file, string from, string to)
    {
        var text = File.ReadAllText(file);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(from, to, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(command: |args: |CMD )\[.*\]")]
    private static partial Regex Arguments();

    [GeneratedRegex(@"(?<=[\[ ""])--[a-z-]+")]
    private static partial Regex Option();
}
