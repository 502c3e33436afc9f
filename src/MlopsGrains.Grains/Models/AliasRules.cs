using System.Globalization;
using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Models;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Models;

/// <summary>Which aliases may exist, and what a reference to a version may say.</summary>
internal static partial class AliasRules
{
    public const string Latest = "latest";

    public static string Check(string? alias)
    {
        if (string.IsNullOrEmpty(alias))
        {
            throw MlopsException.Invalid("alias", "Registered model alias name cannot be empty.");
        }

        if (alias.IsLongerThan(RegistryLimits.AliasLengthMax))
        {
            throw MlopsException.Invalid("alias", $"'Registered model alias name' exceeds the maximum length of {RegistryLimits.AliasLengthMax} characters; it has {alias.CharacterCount()}.");
        }

        if (!Pattern().IsMatch(alias))
        {
            throw MlopsException.Invalid("alias", $"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).");
        }

        return alias.Equals(Latest, StringComparison.OrdinalIgnoreCase) ? throw MlopsException.Invalid("alias", "'latest' alias name (case insensitive) is reserved.")
            : VersionName().IsMatch(alias) ? throw MlopsException.Invalid("alias", $"Version alias name '{alias}' is reserved.")
            : alias;
    }

    /// <summary>The number that <paramref name="reference"/> is, or <see langword="null"/>.</summary>
    public static int? Number(string reference) =>
        int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"\A[\w-]+\z")]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\Av[0-9]+\z", RegexOptions.IgnoreCase)]
    private static partial Regex VersionName();
}
