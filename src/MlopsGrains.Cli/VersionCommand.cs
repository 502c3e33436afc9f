using System.CommandLine;
using System.Reflection;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli;

internal static class VersionCommand
{
    public static Command Create(CommandSet set) => set.Leaf(
        "version", "Prints this command's version and the server's.", ["mlops version", "mlops version --server http://127.0.0.1:5080 --json"], [], RunAsync);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var own = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        try
        {
            var server = await call.Client.GetInfoAsync(call.Cancel);
            return call.Show(new Versions(own, server), ("client", own), ("server", $"{server.Version} ({server.Role}, {server.Storage}) at {call.Client.BaseAddress}"));
        }
        catch (MlopsException e)
        {
            // The client's own version is known all the same.
            call.Show(new Versions(own, null), ("client", own), ("server", null));
            call.Note($"mlops: {e.Message}");
            return ExitCode.Of(e);
        }
    }

    private sealed record Versions(string Client, ServerInfo? Server);
}
