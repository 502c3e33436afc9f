using System.Text.Json;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Client.Tests;

namespace MlopsGrains.Cli.Tests;

/// <summary>What one run of the command said.</summary>
internal sealed record Said(int Code, string Out, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;
}

/// <summary>Runs the command in this process as a script would: output captured, no terminal.</summary>
internal static class Shell
{
    /// <summary>Against a stub, with waits that pass at once.</summary>
    public static Task<Said> RunAsync(StubGateway gateway, params string[] args) => RunAsync(_ => gateway.Connect(), [], terminal: false, args);

    /// <summary>Against whatever <c>--server</c> says.</summary>
    public static Task<Said> RunAsync(params string[] args) => RunAsync(o => MlopsGrainsClient.Create(o), [], terminal: false, args);

    public static async Task<Said> RunAsync(
        Func<MlopsGrainsClientOptions, MlopsGrainsClient> connect, Dictionary<string, string> variables, bool terminal, params string[] args) =>
        await RunAsync(connect, variables, terminal, e => e, args);

    public static async Task<Said> RunAsync(
        Func<MlopsGrainsClientOptions, MlopsGrainsClient> connect, Dictionary<string, string> variables, bool terminal, Func<CliEnvironment, CliEnvironment> surround, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var environment = surround(new CliEnvironment(output, error, terminal, variables.GetValueOrDefault, connect));
        var code = await MlopsCommand.RunAsync(args, environment, TestContext.Current.CancellationToken);
        return new Said(code, output.ToString(), error.ToString());
    }
}
