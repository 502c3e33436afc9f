using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Identity;

/// <summary>What names and passwords of users may be.</summary>
public static class UserLimits
{
    /// <summary>Longest name of a user or a key, in characters.</summary>
    public const int NameLengthMax = 128;

    /// <summary>Shortest password, in characters.</summary>
    public const int PasswordLengthMin = 12;

    /// <summary>Longest password, in characters.</summary>
    public const int PasswordLengthMax = 1024;

    /// <summary>Longest name of what a level is given on, in characters.</summary>
    public const int PermissionOnLengthMax = 512;

    /// <summary>Whether a user may have the name: no <c>:</c>, which ends it in basic authentication, and no control characters.</summary>
    public static bool IsName(string? name) => !string.IsNullOrWhiteSpace(name) && !name.IsLongerThan(NameLengthMax) && !name.Any(c => char.IsControl(c) || c == ':');

    /// <summary>Whether it may be a password.</summary>
    public static bool IsPassword(string? password) => password?.CharacterCount() is >= PasswordLengthMin and <= PasswordLengthMax;

    /// <summary>Returns a password or throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/>.</summary>
    public static string CheckPassword(string field, string password) =>
        IsPassword(password)
            ? password
            : throw MlopsException.Invalid(field, $"{field} must have {PasswordLengthMin} to {PasswordLengthMax} characters; it has {password.CharacterCount()}.");
}
