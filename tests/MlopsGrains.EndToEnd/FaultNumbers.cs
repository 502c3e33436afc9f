using System.Diagnostics;
using MlopsGrains.EndToEnd.Writers;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>
/// Measures how long each fault is felt, with the settings that the program is shipped with: two silos and a gateway on PostgreSQL, 12 writers. Asked for by name, since it takes minutes:
/// <c>dotnet run --project tests/MlopsGrains.EndToEnd -- -explicit only -class "*FaultNumbers" -showliveoutput</c>. MLOPS_FAULT_ROUNDS tells how often (3).
/// </summary>
public sealed class FaultNumbers(PostgresServer postgres, ITestOutputHelper output)
{
    public static TheoryData<string> Faults => ["killed", "frozen 20 s", "frozen 45 s", "frozen 90 s", "stopped"];

    [Theory(Explicit = true), MemberData(nameof(Faults))]
    public async Task HowLongIsIt(string fault)
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("MLOPS_FAULT_ROUNDS"), out var given) ? given : 3;
        var gaps = new List<TimeSpan>();
        var others = new List<TimeSpan>();
        for (var round = 0; round < rounds; round++)
        {
            await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2);
            using var writers = await WriterGroup.StartAsync(cluster.Gateway, WriterGroup.Mixed());
            await writers.AllWriteAsync();
            await FaultAsync(cluster, fault);
            await writers.AllWriteAsync();
            await writers.StopAsync();
            Assert.Empty(await writers.FaultsAsync(audit: false));
            gaps.AddRange(writers.Gaps.Where(gap => gap > TimeSpan.FromSeconds(1)));
            others.AddRange(writers.Gaps.Where(gap => gap <= TimeSpan.FromSeconds(1)));
            output.WriteLine($"{fault}, round {round + 1}: gaps {string.Join(' ', writers.Gaps.Select(gap => $"{gap.TotalSeconds:F1}"))}; {writers.Told()}");
        }

        gaps.Sort();
        output.WriteLine($"{fault}: {gaps.Count} of {gaps.Count + others.Count} keys felt it; longest {(gaps.Count > 0 ? gaps[^1] : others.Max()).TotalSeconds:F1} s; the others {others.DefaultIfEmpty().Max().TotalSeconds:F2} s at most");
    }

    [Fact(Explicit = true)]
    public async Task HowSoonDoesALoneServerServeAgain()
    {
        using var directory = new TempDirectory();
        string[] server = ["--storage", "postgres", "--connection", await postgres.CreateDatabaseAsync(), "--data", directory.Path];
        var current = await ServerProcess.StartAsync(server);
        for (var round = 0; round < 5; round++)
        {
            using var caller = new Caller(current.Address);
            await caller.NewRunAsync("0");
            await current.KillAsync();
            await current.DisposeAsync();
            var began = Stopwatch.GetTimestamp();
            current = await ServerProcess.StartAsync(server);
            using var again = new Caller(current.Address);
            await again.NewRunAsync("0");
            output.WriteLine($"a lone server on PostgreSQL that was killed stores a run {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s after its start");
        }

        await current.DisposeAsync();
    }

    private async Task FaultAsync(ServerCluster cluster, string fault)
    {
        // A silo that stops is the first one: it has whatever waits for something to do.
        var silo = cluster.Silos[fault == "stopped" ? 0 : 1];
        switch (fault.Split(' '))
        {
            case ["killed"]:
                await silo.KillAsync();
                break;
            case ["stopped"]:
                var began = Stopwatch.GetTimestamp();
                await silo.StopAsync();
                output.WriteLine($"the stop took {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
                break;
            case ["frozen", var seconds, _]:
                silo.Freeze();
                await Task.Delay(TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)), TestContext.Current.CancellationToken);
                silo.Thaw();
                output.WriteLine($"exit code {await silo.ExitAsync()}");
                break;
        }
    }
}
