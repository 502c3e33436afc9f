using System.Text;
using MlopsGrains.Client;

namespace MlopsGrains.Cli.Shell;

/// <summary>What surrounds the command, so that a test can be it.</summary>
/// <param name="Out">Answers.</param>
/// <param name="Error">Faults, questions and progress.</param>
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
    private const int WidthDefault = 80;

    /// <summary>What is typed or piped in.</summary>
    public TextReader In { get; init; } = TextReader.Null;

    /// <summary>Whether a person sits behind <see cref="In"/>.</summary>
    public bool InputTerminal { get; init; }

    /// <summary>Whether a person reads <see cref="Error"/>.</summary>
    public bool ErrorTerminal { get; init; } = Terminal;

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = WidthDefault;

    /// <summary>Asks, and reads a line that is not shown; <see langword="null"/> at the end of the input.</summary>
    public Func<Action, string?> ReadSecret { get; init; } = _ => null;

    /// <summary>Where profiles are kept; empty where a user has no folder.</summary>
    public string ConfigFile { get; init; } = "";

    /// <summary>Colour on a terminal only, and not where the convention <c>NO_COLOR</c> says no.</summary>
    public bool Colour => Terminal && NoColour is false;

    public bool ErrorColour => ErrorTerminal && NoColour is false;

    private bool NoColour => !string.IsNullOrEmpty(Variable("NO_COLOR"));

    public static CliEnvironment OfProcess() => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected, Environment.GetEnvironmentVariable, options => MlopsGrainsClient.Create(options))
    {
        In = Console.In,
        InputTerminal = !Console.IsInputRedirected,
        ErrorTerminal = !Console.IsErrorRedirected,
        Width = WidthOfConsole(),
        ReadSecret = ReadHidden,
        ConfigFile = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } folder
            ? Path.Combine(folder, "mlops", "config.json")
            : "",
    };

    private static int WidthOfConsole()
    {
        try
        {
            return Console.IsOutputRedirected || Console.WindowWidth <= 0 ? WidthDefault : Console.WindowWidth;
        }
        catch (IOException)
        {
            return WidthDefault;
        }
    }

    private static string? ReadHidden(Action ask)
    {
        _ = Console.KeyAvailable; // From here on the terminal shows nothing of what is typed; a fast typist does not wait for the question.
        ask();
        var text = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Console.Error.WriteLine();
                    return text.ToString();
                case ConsoleKey.Backspace when text.Length > 0:
                    text.Length--;
                    break;
                case ConsoleKey.D when key.Modifiers.HasFlag(ConsoleModifiers.Control):
                    return null;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        text.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
