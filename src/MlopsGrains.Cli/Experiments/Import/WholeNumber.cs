using System.Globalization;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>Whole numbers as histories hold them, one rule for files and servers: nothing stays nothing, and what cannot be read is never taken for another number.</summary>
internal static class WholeNumber
{
    /// <summary>The number, <see langword="null"/> for nothing. <c>10.0</c> is ten.</summary>
    /// <param name="text">As it is written there.</param>
    /// <param name="field">What it is.</param>
    /// <param name="place">Says where it is written, if need be.</param>
    /// <exception cref="MlopsException"><see cref="ErrorKind.InvalidInput"/>: it is not a whole number of 64 bits.</exception>
    public static long? Read(string? text, string field, Func<string> place) =>
        string.IsNullOrEmpty(text) ? null
        : TryRead(text) ?? throw MlopsException.Invalid(field, $"{place()}: {field} is '{(text.Length <= 50 ? text : text[..50] + "…")}'; expected a whole number of 64 bits.");

    public static long? TryRead(string text)
    {
        var digits = text.AsSpan();
        if (digits.IndexOf('.') is >= 0 and var point && digits[(point + 1)..].Trim('0').IsEmpty)
        {
            digits = digits[..point];
        }

        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
