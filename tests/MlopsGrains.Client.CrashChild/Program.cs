// Logs 1, 2, 3 … to a run and prints each number once it is flushed, until it is killed. Usage: <address> <spool directory> <experiment>
using MlopsGrains.Client;

using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions
{
    BaseAddress = new Uri(args[0]),
    RetryCountMax = 0,
    RetryDelayMax = TimeSpan.FromMilliseconds(200),
    Tracking = new TrackingOptions { SpoolDirectory = args[1], Context = RunContext.None },
});
await using var run = await client.StartRunAsync(args[2]);
Console.WriteLine(run.RunId);
for (var number = 1; ; number++)
{
    run.LogMetric("number", number, number);
    await run.FlushAsync();
    Console.WriteLine(number);
}
