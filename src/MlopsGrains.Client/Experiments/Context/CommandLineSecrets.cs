using System.Text.RegularExpressions;

namespace MlopsGrains.Client.Experiments.Context;

/// <summary>
/// Masks what looks like a secret in a command line: the value of a name that says password, secret, token, key or credential (as the next word, or after
/// <c>=</c> or <c>:</c>), credentials in addresses, passwords in connection strings, and tokens that can be told by their form.
/// </summary>
internal static partial class CommandLineSecrets
{
    private const string Masked = "***";

    public static string Mask(IReadOnlyList<string> arguments)
    {
        var shown = new List<string>(arguments.Count);
        var hideNext = false;
        foreach (var argument in arguments)
        {
            var isName = argument.StartsWith('-');
            if (hideNext && !isName)
            {
                shown.Add(Masked);
                hideNext = false;
                continue;
            }

            shown.Add(WithoutCredentials(KnownToken().Replace(Assignment().Replace(argument, $"${{name}}{Masked}"), Masked)));
            hideNext = isName && !argument.Contains('=', StringComparison.Ordinal) && SecretName().IsMatch(argument);
        }

        return string.Join(' ', shown.Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"\"{a}\"" : a));
    }

    /// <summary>An address without its user and password.</summary>
    public static string WithoutCredentials(string text) => UserInfo().Replace(text, "${scheme}");

    [GeneratedRegex(@"pass(word|wd|phrase)?$|pwd$|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|(^|[-_:.])(key|auth|pat)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"(?<name>\b[\w.:-]*(pass(word|wd|phrase)?|pwd|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key)[\w.-]*\s*[=:]\s*)(""[^""]*""|[^;\s]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]+\.[\w-]+\.[\w-]*)")]
    private static partial Regex KnownToken();

    [GeneratedRegex(@"(?<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
