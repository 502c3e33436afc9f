// Logs 1, 2, 3 … to a run and prints each number once it is flushed, until it is killed. Usage: <address> <spool directory> <experiment> [offline]
using MlopsGrains.Client;

using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions
{
    BaseAddress = new Uri(args[0]),
    RetryCountMax = 0,
    RetryDelayMax = TimeSpan.FromMilliseconds(200),
    Tracking = new TrackingOptions { SpoolDirectory = args[1], Context = RunContext.None, Offline = args.Length > 3 ? OfflineStart.Auto : OfflineStart.Never },
});
await using var run = await client.StartRunAsync(args[2]);
Console.WriteLine(run.RunId);
if (args.Length > 3)
{
    using var notes = new MemoryStream("written offline"u8.ToArray());
    await run.LogArtifactAsync("notes.txt", notes);
}

for (var number = 1; ; number++)
{
    run.LogMetric("number", number, number);
    await run.FlushAsync();
    Console.WriteLine(number);
}
