using System.Globalization;
using System.Text.RegularExpressions;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Models;

/// <summary>Which aliases may exist, and what a reference to a version may say.</summary>
internal static partial class AliasRules
{
    public const string Latest = "latest";
    public const int LengthMax = 255;
    public const int PerModelMax = 1_000;

    public static string Check(string? alias)
    {
        if (string.IsNullOrEmpty(alias) || alias.Length > LengthMax || !Pattern().IsMatch(alias))
        {
            throw MlopsException.Invalid("alias", $"alias must be 1–{LengthMax} letters, digits, '_' and '-'.");
        }

        return Reserved().IsMatch(alias)
            ? throw MlopsException.Invalid("alias", $"alias '{alias}' is reserved: 'latest' and 'v' with digits name versions.")
            : alias;
    }

    /// <summary>The number that <paramref name="reference"/> is, or <see langword="null"/>.</summary>
    public static int? Number(string reference) =>
        int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"\A[\w-]+\z")]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\A(latest|v[0-9]+)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();
}
