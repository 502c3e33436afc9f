namespace MlopsGrains.Cli.Shell;

/// <summary>The few colours of a terminal that are used, by their oldest codes.</summary>
internal static class Colours
{
    public static string Bold(string text, bool on) => Paint("1", text, on);

    public static string Faint(string text, bool on) => Paint("2", text, on);

    public static string Red(string text, bool on) => Paint("31", text, on);

    /// <summary>Good news green, bad news red, what is under way yellow; all else as it is.</summary>
    public static string State(string cell, bool on) => cell.TrimEnd() switch
    {
        "succeeded" or "finished" or "no-drift" or "ready" => Paint("32", cell, on),
        "failed" or "rejected" or "killed" or "drift" or "upload-failed" => Paint("31", cell, on),
        "running" or "retry-wait" or "scheduled" => Paint("33", cell, on),
        _ => cell,
    };

    private static string Paint(string code, string text, bool on) => on ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
