using System.Globalization;
using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// How a cell is read, by everybody who reads one: profile, expectations, training, scoring, monitoring. Blanks around a value say nothing. Leading zeros
/// (<c>007</c>), <c>NaN</c>, <c>Infinity</c> and numbers beyond a double are text: reading them as numbers would lose something.
/// </summary>
public static class CsvValue
{
    private const NumberStyles NumberStyle = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private const string Blanks = " \t";

    public static bool TryInteger(ReadOnlySpan<char> cell, out long value)
    {
        cell = cell.Trim(Blanks);
        value = 0;
        return !HasLeadingZero(cell) && long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    public static bool TryNumber(ReadOnlySpan<char> cell, out double value)
    {
        cell = cell.Trim(Blanks);
        value = 0;
        return cell.Length > 0 && (char.IsAsciiDigit(cell[^1]) || cell[^1] == '.') && !HasLeadingZero(cell)
            && double.TryParse(cell, NumberStyle, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }

    public static bool TryBoolean(ReadOnlySpan<char> cell, out bool value)
    {
        cell = cell.Trim(Blanks);
        value = cell.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || cell.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a present cell can be read as <paramref name="type"/>.</summary>
    public static bool Is(ReadOnlySpan<char> cell, ColumnType type) => type switch
    {
        ColumnType.Integer => TryInteger(cell, out _),
        ColumnType.Number => TryNumber(cell, out _),
        ColumnType.Boolean => TryBoolean(cell, out _),
        _ => true,
    };

    private static bool HasLeadingZero(ReadOnlySpan<char> cell)
    {
        var digits = cell.Length > 0 && cell[0] is '-' or '+' ? cell[1..] : cell;
        return digits.Length > 1 && digits[0] == '0' && char.IsAsciiDigit(digits[1]);
    }
}

/// <summary>Truth values among texts.</summary>
internal static class Truths
{
    public const string True = "true";
    public const string False = "false";

    public static string Plain(string text) => CsvValue.TryBoolean(text, out var truth) ? truth ? True : False : text;
}

/// <summary>Finds the narrowest type that every present cell of a column shares.</summary>
public sealed class TypeInference
{
    private bool any;
    private bool integer = true;
    private bool number = true;
    private bool boolean = true;

    public ColumnType Type => !any ? ColumnType.Text
        : boolean ? ColumnType.Boolean
        : integer ? ColumnType.Integer
        : number ? ColumnType.Number
        : ColumnType.Text;

    /// <summary>Adds a cell. Answers its number while the column is numeric so far, else <see langword="null"/>; missing cells say nothing.</summary>
    public void Add(ReadOnlySpan<char> cell, out double? value)
    {
        value = null;
        if (cell.IsEmpty)
        {
            return;
        }

        any = true;
        boolean = boolean && CsvValue.TryBoolean(cell, out _);
        if (!number)
        {
            return;
        }

        var whole = 0L;
        integer = integer && CsvValue.TryInteger(cell, out whole);
        var parsed = (double)whole;
        number = integer || CsvValue.TryNumber(cell, out parsed);
        value = number ? parsed : null;
    }
}
