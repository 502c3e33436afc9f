using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>From process start to the first 200 of <c>/health</c> on an empty data directory, and resident memory after half a minute of rest.</summary>
internal static class ColdStartBenchmark
{
    public static async Task<int> RunAsync()
    {
        var starts = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            using var directory = new TempDirectory();
            await using var server = await ServerUnderLoad.StartAsync("--data", directory.Path);
            starts.Add(server.StartTime);
            Console.WriteLine($"cold start {server.StartTime.TotalSeconds:0.00} s");
        }

        starts.Sort();
        using var idleDirectory = new TempDirectory();
        await using var idle = await ServerUnderLoad.StartAsync("--data", idleDirectory.Path);
        await Task.Delay(TimeSpan.FromSeconds(30));
        Console.WriteLine($"cold start median {starts[2].TotalSeconds:0.00} s, worst {starts[^1].TotalSeconds:0.00} s; idle after 30 s {idle.ResidentMebibytes:0} MiB resident");
        return 0;
    }
}
