using MlopsGrains.Client;

namespace MlopsGrains.Cli.Shell;

/// <summary>What surrounds the command, so that a test can be it.</summary>
/// <param name="Out">Answers.</param>
/// <param name="Error">Faults and progress.</param>
/// <param name="Terminal">Whether <paramref name="Out"/> is a person's terminal.</param>
/// <param name="Variable">Environment variables.</param>
/// <param name="Connect">Makes the client.</param>
internal sealed record CliEnvironment(
    TextWriter Out,
    TextWriter Error,
    bool Terminal,
    Func<string, string?> Variable,
    Func<MlopsGrainsClientOptions, MlopsGrainsClient> Connect)
{
    public static CliEnvironment OfProcess() => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected, Environment.GetEnvironmentVariable, options => MlopsGrainsClient.Create(options));

    /// <summary>Colour on a terminal only, and not where the convention <c>NO_COLOR</c> says no.</summary>
    public bool Colour => Terminal && string.IsNullOrEmpty(Variable("NO_COLOR"));
}
