using MlopsGrains.Errors;

namespace MlopsGrains.Identity;

/// <summary>The ids that <see cref="IIdSource"/> makes: of runs, pipeline runs, uploads and groups. Ids that other programs chose may look otherwise.</summary>
public static class IdFormat
{
    /// <summary>Lower-case hex digits of an id.</summary>
    public const int Length = 32;

    /// <summary>Whether it looks like the ids made here.</summary>
    public static bool Matches(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Returns an id that looks like those made here, or throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/>.</summary>
    public static string Check(string field, string? text) => Matches(text) ? text! : throw MlopsException.Invalid(field, $"{field} must be {Length} lower-case hex digits.");
}
