using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Simulator;

// As a test program unless seeds are asked for.
if (!args.Any(a => a is "--seed" or "--seeds"))
{
    return args.Any(a => a is "--server" or "--internal-msbuild-node")
        ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}

var first = Option("--seed", 1);
var count = Option("--seeds", 1);
var verbose = args.Contains("--verbose");
var (began, done) = (Stopwatch.StartNew(), 0);
var found = await Simulation.Run(first, count, round =>
{
    if (verbose)
    {
        Console.WriteLine(string.Join('\n', round.Notes));
    }

    foreach (var wrong in round.AllWrong)
    {
        Console.WriteLine($"seed {round.Seed}: {wrong}");
    }

    if (Interlocked.Increment(ref done) % 500 == 0)
    {
        Console.WriteLine($"{done} seeds, {began.Elapsed.TotalSeconds:F0} s");
    }
});
Console.WriteLine($"{count} seeds in {began.Elapsed.TotalSeconds:F1} s, {found.Count} show a fault{(found.Count > 0 ? $": {string.Join(", ", found.Select(f => f.Seed).Order())}" : "")}");
return found.Count == 0 ? 0 : 1;

int Option(string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
