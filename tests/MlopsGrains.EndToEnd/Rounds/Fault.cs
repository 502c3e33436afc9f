using System.Diagnostics;

namespace MlopsGrains.EndToEnd.Rounds;

/// <summary>A kind of fault, and how it is done to a world.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Alone">Whether it needs a server that is alone; any world will do when that is left open.</param>
/// <param name="InjectAsync">Does it, and repairs what others would have to.</param>
internal sealed record Fault(string Name, bool? Alone, Func<World, Random, Task<Injected>> InjectAsync)
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("silo killed", false, async (world, random) =>
        {
            var silo = Any(world, random);
            await silo.KillAsync();
            return new(silo.SiloPort);
        }),
        new("silo frozen 3 s", false, (world, random) => FreezeSiloAsync(world, random, 3)),
        new("silo frozen 20 s", false, (world, random) => FreezeSiloAsync(world, random, 20)),
        new("silo frozen 45 s", false, (world, random) => FreezeSiloAsync(world, random, 45)),
        new("silo stopped", false, async (world, random) =>
        {
            var silo = Any(world, random);
            var began = Stopwatch.GetTimestamp();
            await silo.StopAsync();
            return new(silo.SiloPort, Took: Stopwatch.GetElapsedTime(began));
        }),
        new("gateway killed", false, async (world, _) =>
        {
            await world.Cluster.Gateway.KillAsync();
            await using var before = await world.Cluster.ReplaceGatewayAsync();
            return new(null);
        }),
        new("gateway frozen 5 s", false, async (world, _) =>
        {
            await FreezeAsync(world.Cluster.Gateway, 5);
            return new(null, Away: TimeSpan.FromSeconds(5));
        }),
        new("server killed", true, async (world, _) =>
        {
            await world.Door.KillAsync();
            await world.RestartAloneAsync();
            return new(null);
        }),
        new("database restarted", null, async (world, random) =>
        {
            var began = Stopwatch.GetTimestamp();
            await world.Database.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(random.Next(5)));
            await world.Database.StartAsync();
            return new(null, Away: Stopwatch.GetElapsedTime(began));
        }),
        new("database away 60 s", null, async (world, _) =>
        {
            var began = Stopwatch.GetTimestamp();
            await world.Database.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(60));
            await world.Database.StartAsync();
            return new(null, Away: Stopwatch.GetElapsedTime(began));
        }),
        new("backends killed", null, async (world, random) =>
        {
            await world.EndConnectionsAsync(random.NextDouble());
            return new(null);
        }),
    ];

    private static ServerProcess Any(World world, Random random) => world.Cluster.Silos[random.Next(world.Cluster.Silos.Count)];

    private static async Task<Injected> FreezeSiloAsync(World world, Random random, int seconds)
    {
        var silo = Any(world, random);
        await FreezeAsync(silo, seconds);
        if (seconds >= 20)
        {
            await silo.ExitAsync();
        }

        return new(silo.SiloPort);
    }

    private static async Task FreezeAsync(ServerProcess process, int seconds)
    {
        process.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        process.Thaw();
    }
}

/// <summary>A fault that was done.</summary>
/// <param name="LostPort">The silo that it was done to, by its port, if it was one.</param>
/// <param name="Away">Time for which nobody could have answered.</param>
/// <param name="Took">How long a stop took.</param>
internal sealed record Injected(int? LostPort, TimeSpan Away = default, TimeSpan Took = default);
