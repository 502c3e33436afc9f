using System.Globalization;
using MlopsGrains.EndToEnd;
using MlopsGrains.EndToEnd.Rounds;

// As a test program unless rounds are asked for.
if (!args.Contains("--rounds"))
{
    return args.Any(a => a is "--server" or "--internal-msbuild-node")
        ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}

var only = Array.IndexOf(args, "--only") is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : "";
return await Campaign.RunAsync(Option("--rounds", 1), Option("--seed", 1), Option("--lanes", 2), only);

int Option(string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
