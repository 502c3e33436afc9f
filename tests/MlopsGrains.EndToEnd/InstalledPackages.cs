using System.IO.Compression;
using System.Xml.Linq;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>
/// The packages as the documented command packs them, in a folder feed, and what two users make of them: a trainer that references the client, and the installed
/// command. Nothing but the feed and the packages that this checkout was restored from can be used, so what restores here restores alone.
/// </summary>
public sealed class InstalledPackages : IAsyncLifetime
{
    private const string Trainer = """
        using MlopsGrains.Client;

        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = new Uri(args[0]) });
        await using var run = await client.StartRunAsync(args[1], new RunOptions { Context = RunContext.All });
        run.LogParam("trees", 200);
        for (var epoch = 1; epoch <= 10; epoch++)
        {
            run.LogMetric("auc", 0.80 + (0.01 * epoch), epoch);
        }

        await run.LogArtifactAsync("notes.txt", new MemoryStream("from a package"u8.ToArray()));
        using var csv = new MemoryStream("age,plan\n31,basic\n58,pro\n"u8.ToArray());
        var dataset = await client.Datasets.UploadAsync(args[1], csv);
        var audit = await client.Audit.VerifyAsync();
        Console.WriteLine($"{run.RunId} {dataset.Rows} {audit.Valid}");
        """;

    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <NuGetAudit>false</NuGetAudit>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="MlopsGrains.Client" Version="VERSION" />
          </ItemGroup>
        </Project>
        """;

    /// <summary>No version of an earlier run can be taken for this one.</summary>
    private readonly string version = $"0.1.0-test.{DateTime.UtcNow.Ticks}";
    private readonly TempDirectory directory = new();

    public string TrainerDirectory => directory.File("published");

    public string Tool => directory.File("tools/mlops");

    public IReadOnlyList<string> Packages => [.. Directory.EnumerateFiles(directory.File("feed"), "*.nupkg").Order(StringComparer.Ordinal)];

    public async ValueTask InitializeAsync()
    {
        await RunAsync("dotnet", "pack", Path.Combine(RepositoryRoot.Path, "MlopsGrains.sln"), "-c", Configuration, "--no-build", "-o", directory.File("feed"), $"-p:Version={version}", "-nologo", "-v", "q");
        var restored = (await ToolRun.SucceedAsync(directory.Path, ["dotnet", "nuget", "locals", "global-packages", "--list"])).Split(": ", 2)[1].Trim();
        await File.WriteAllTextAsync(directory.File("nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="feed" value="feed" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{restored}" /></fallbackPackageFolders>
            </configuration>
            """);
        await File.WriteAllTextAsync(directory.File("Trainer.csproj"), Project.Replace("VERSION", version, StringComparison.Ordinal));
        await File.WriteAllTextAsync(directory.File("Program.cs"), Trainer);
        await RunAsync("dotnet", "publish", "Trainer.csproj", "-o", TrainerDirectory, "-nologo", "-v", "q");
        await RunAsync("dotnet", "tool", "install", "mlops", "--version", version, "--tool-path", directory.File("tools"), "--configfile", "nuget.config");
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a program to its end and answers what it said; it must end well. It restores nothing into the machine's own folder.</summary>
    public Task<string> RunAsync(params string[] command) => ToolRun.SucceedAsync(directory.Path, command, new Dictionary<string, string?>
    {
        ["NUGET_PACKAGES"] = directory.File("packages"),
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["MSBUILDDISABLENODEREUSE"] = "1",
    });

    /// <summary>A package's description and the names of its files.</summary>
    public static (XElement Metadata, IReadOnlyList<string> Files) Open(string package)
    {
        using var zip = ZipFile.OpenRead(package);
        using var nuspec = zip.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return (XDocument.Load(nuspec).Root!.Elements().Single(), [.. zip.Entries.Select(e => e.FullName)]);
    }

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
}
