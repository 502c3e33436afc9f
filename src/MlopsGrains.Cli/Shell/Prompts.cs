using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>Questions to a person. They are read on a thread of their own, because a blocked read does not hear Ctrl-C.</summary>
internal static class Prompts
{
    public static async Task<string?> ReadLineAsync(CliEnvironment environment, CancellationToken cancellationToken) =>
        await Task.Run(environment.In.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);

    public static async Task<string> AskAsync(CliEnvironment environment, string question, CancellationToken cancellationToken)
    {
        await environment.Error.WriteAsync(question + " ");
        return await ReadLineAsync(environment, cancellationToken) ?? "";
    }

    /// <summary>A secret: typed without being shown, or with <paramref name="fromInput"/> the first line of the input.</summary>
    /// <param name="environment">Who answers.</param>
    /// <param name="name">What is asked for, such as <c>Password</c>.</param>
    /// <param name="fromInput">Whether it is piped in.</param>
    /// <param name="option">The option that says so.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<string> SecretAsync(CliEnvironment environment, string name, bool fromInput, string option, CancellationToken cancellationToken)
    {
        string? given;
        if (fromInput)
        {
            given = await ReadLineAsync(environment, cancellationToken);
        }
        else if (environment.InputTerminal)
        {
            given = await Task.Run(() => environment.ReadSecret(() => environment.Error.Write($"{name}: ")), CancellationToken.None).WaitAsync(cancellationToken);
        }
        else
        {
            throw MlopsException.Invalid(option, $"there is no terminal to ask for the {name.ToLowerInvariant()} on; pipe it in with {option}.");
        }

        return !string.IsNullOrEmpty(given) ? given : throw MlopsException.Invalid(option, $"the {name.ToLowerInvariant()} is empty.");
    }
}
