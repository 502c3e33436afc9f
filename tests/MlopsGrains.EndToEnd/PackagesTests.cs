using System.Text.Json;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>What a user installs, against a real server.</summary>
public sealed class PackagesTests(InstalledPackages installed) : IClassFixture<InstalledPackages>
{
    private static readonly string[] NotForATrainer = ["Microsoft.CodeAnalysis", "Orleans.Core", "Orleans.Runtime", "Orleans.Serialization.dll", "Newtonsoft", "MathNet", "MlopsGrains.Algorithms"];

    [Fact]
    public void EveryPackage_SaysWhatItIs()
    {
        var names = installed.Packages.Select(p => InstalledPackages.Open(p)).Select(p =>
        {
            string Text(string name) => p.Metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value ?? "";
            Assert.All(["description", "readme", "icon", "license", "tags", "copyright"], name => Assert.NotEqual("", Text(name)));
            Assert.Contains("README.md", p.Files);
            Assert.Contains("icon.png", p.Files);
            Assert.Contains(p.Files, f => f.EndsWith($"{Text("id")}.xml", StringComparison.Ordinal));
            return Text("id");
        });

        Assert.Equal(["MlopsGrains.Abstractions", "MlopsGrains.Client", "MlopsGrains.Client.MlNet", "mlops"], names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Trainer_CarriesTheClientAlone()
    {
        var files = Directory.EnumerateFiles(installed.TrainerDirectory, "*", SearchOption.AllDirectories).Select(f => new FileInfo(f)).ToList();

        Assert.DoesNotContain(files, f => NotForATrainer.Any(n => f.Name.StartsWith(n, StringComparison.Ordinal)));
        Assert.InRange(files.Count, 1, 25);
        Assert.InRange(files.Sum(f => f.Length), 1, 2_750_000);
    }

    [Fact]
    public async Task TrainerLogs_AndTheToolSeesIt()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", data.Path]);
        var address = server.Address.ToString();

        var said = (await installed.RunAsync("dotnet", Path.Combine(installed.TrainerDirectory, "Trainer.dll"), address, "packages")).Trim().Split(' ');
        var version = await installed.RunAsync(installed.Tool, "version", "--server", address);
        var run = JsonDocument.Parse(await installed.RunAsync(installed.Tool, "runs", "get", said[0], "--json", "--server", address)).RootElement;

        Assert.Equal(["2", "True"], said[1..]);
        Assert.Contains("0.1.0", version, StringComparison.Ordinal);
        Assert.Contains("\"finished\"", run.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"auc\"", run.GetRawText(), StringComparison.Ordinal);
    }
}
