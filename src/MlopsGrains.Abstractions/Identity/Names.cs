using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Limits;
using MlopsGrains.Texts;

namespace MlopsGrains.Identity;

/// <summary>Rules for the names of datasets, deployments, monitors, pipelines and steps, and the wider ones for registered models.</summary>
public static partial class Names
{
    /// <summary>Longest name, in characters.</summary>
    public const int LengthMax = 128;

    /// <summary>Longest name of a registered model, in characters.</summary>
    public const int ModelLengthMax = 256;

    /// <summary>Returns <paramref name="name"/> or throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/> and the rule.</summary>
    public static string Check(string field, string? name)
    {
        name = Limit.Text(field, name, LengthMax);
        return Pattern().IsMatch(name)
            ? name
            : throw MlopsException.Invalid(field, $"{field} '{name}' must begin with a letter or digit and hold only letters, digits, '.', '_' and '-'.");
    }

    /// <summary>Whether <see cref="Check"/> takes the name.</summary>
    public static bool IsValid(string? name) => name is { Length: > 0 and <= LengthMax } && Pattern().IsMatch(name);

    /// <summary>Returns the name of a registered model or throws <see cref="ErrorKind.InvalidInput"/>: tracking clients name models freely, so only what cannot stand in a <c>models:/</c> URI is refused.</summary>
    public static string CheckModel(string field, string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw MlopsException.Missing(field);
        }

        Limit.Length(field, name, ModelLengthMax);
        return StandsInUri(name)
            ? name
            : throw MlopsException.Invalid(field, $"{field} '{name}' must not hold '/', ':', '\\' or control characters, and must not be '.' or '..'.");
    }

    /// <summary>Whether <see cref="CheckModel"/> takes the name.</summary>
    public static bool IsValidModel(string? name) => name is not null && !string.IsNullOrWhiteSpace(name) && !name.IsLongerThan(ModelLengthMax) && StandsInUri(name);

    /// <summary>Returns <paramref name="digest"/> (64 lower-case hex digits) or throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/>.</summary>
    public static string CheckDigest(string field, string? digest) =>
        IsDigest(digest)
            ? digest!
            : throw MlopsException.Invalid(field, $"{field} must be a SHA-256 digest: 64 lower-case hex digits.");

    /// <summary>Whether <see cref="CheckDigest"/> takes the text.</summary>
    public static bool IsDigest(string? digest) => digest is not null && Digest().IsMatch(digest);

    private static bool StandsInUri(string model) => model is not ("." or "..") && !model.Any(c => c is '/' or ':' or '\\' || char.IsControl(c));

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Digest();
}
