using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>Why a command did not do what it was asked to: a sentence for people, or an object for scripts, on standard error.</summary>
/// <param name="Code">One word for scripts.</param>
/// <param name="Message">A sentence.</param>
/// <param name="ExitCode">Of the process.</param>
/// <param name="Field">The input to blame.</param>
/// <param name="Hint">What to do.</param>
internal sealed record Fault(string Code, string Message, int ExitCode, string? Field = null, string? Hint = null)
{
    public const string Usage = "usage";

    /// <param name="e">What ended the command.</param>
    /// <param name="stopped">What Ctrl-C left behind; <see langword="null"/> when nobody pressed it.</param>
    public static Fault Of(Exception e, string? stopped) => e switch
    {
        MlopsException refusal => Of(refusal),
        TimeoutException => new Fault("timedOut", e.Message, Shell.ExitCode.WaitTimedOut),
        OperationCanceledException when stopped is not null => new Fault("cancelled", stopped, Shell.ExitCode.Cancelled),
        HttpRequestException or HttpIOException => new Fault("unavailable", $"the connection broke: {e.Message}", Shell.ExitCode.RunFailed),
        IOException or UnauthorizedAccessException or ArgumentException or JsonException => new Fault("invalidInput", e.Message, Shell.ExitCode.Usage),
        _ => new Fault("fault", $"a fault of mlops itself: {e.GetType().Name}: {e.Message}", Shell.ExitCode.Fault, Hint: "the same with --verbose shows where; please report it."),
    };

    public void Say(CliEnvironment environment, bool json)
    {
        if (json)
        {
            environment.Error.WriteLine(Answers.Serialize(new { error = new { code = Code, message = Message, field = Field, exitCode = ExitCode } }));
            return;
        }

        environment.Error.WriteLine($"{Colours.Red("mlops:", environment.ErrorColour)} {Message}{(Field is null ? "" : $" (field: {Field})")}");
        if (Hint is not null)
        {
            environment.Error.WriteLine($"mlops: {Hint}");
        }
    }

    private static Fault Of(MlopsException e)
    {
        var code = JsonNamingPolicy.CamelCase.ConvertName(e.Kind.ToString());
        return e.Field != nameof(MlopsGrainsClientOptions.ApiKey) ? new Fault(code, e.Message, Shell.ExitCode.Of(e), e.Field)
            : e.Message.StartsWith("HTTP 401", StringComparison.Ordinal) ? new Fault("unauthenticated", e.Message, Shell.ExitCode.Usage, Hint: "sign in with: mlops login")
            : e.Message.StartsWith("HTTP 403", StringComparison.Ordinal) ? new Fault("permissionDenied", e.Message, Shell.ExitCode.Usage, Hint: "mlops whoami says who you are to the server.")
            : new Fault(code, e.Message, Shell.ExitCode.Of(e), e.Field);
    }
}
