using System.CommandLine.Parsing;
using System.Globalization;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Shell;

/// <summary>Values as words, and words as values.</summary>
internal static class ValueText
{
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string? Time(DateTimeOffset? time) => time is { } t ? Time(t) : null;

    /// <summary>A run may say that it began in the year 30,000; what no calendar here reaches is shown as the number it is.</summary>
    public static string Time(long unixMilliseconds) => unixMilliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && unixMilliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? Time(DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds)) : Whole(unixMilliseconds);

    public static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    public static string? Number(double? value) => value is { } v ? Number(v) : null;

    public static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;

    public static string Enum<T>(T value) where T : struct, System.Enum => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    public static string? Pairs<T>(IEnumerable<KeyValuePair<string, T>> pairs)
    {
        var text = string.Join(", ", pairs.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key}={p.Value}")));
        return text.Length == 0 ? null : text;
    }

    /// <summary>One pair a line, for facts.</summary>
    public static string? Lines<T>(IEnumerable<KeyValuePair<string, T>> pairs)
    {
        var text = string.Join('\n', pairs.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key} = {p.Value}").ReplaceLineEndings(" ")));
        return text.Length == 0 ? null : text;
    }

    /// <summary><c>90s</c>, <c>30m</c>, <c>2h</c>, <c>1d</c>, or plain seconds.</summary>
    public static TimeSpan? Duration(ArgumentResult result) =>
        Seconds(result, seconds => seconds is > 0 and <= 30 * 86_400, "90s, 30m, 2h or 1d; more than zero, at most 30d");

    /// <summary>How long ago: <c>0s</c> to <c>3650d</c>.</summary>
    public static TimeSpan? Age(ArgumentResult result) => Seconds(result, seconds => seconds is >= 0 and <= TrackingLimits.DeletedForDaysMax * 86_400d, $"0s, 12h or 90d; at most {TrackingLimits.DeletedForDaysMax}d");

    private static TimeSpan? Seconds(ArgumentResult result, Func<double, bool> allowed, string expected)
    {
        var text = result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;
        var unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        var digits = unit == 0 ? text : text[..^1];
        if (double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && allowed(count * Math.Max(unit, 1)))
        {
            return TimeSpan.FromSeconds(count * Math.Max(unit, 1));
        }

        result.AddError($"'{text}' is not a duration: write {expected}.");
        return null;
    }

    /// <summary>Pairs <c>key=value</c>; the last of a key wins.</summary>
    public static IReadOnlyDictionary<string, string> Assignments(ArgumentResult result)
    {
        var pairs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var token in result.Tokens)
        {
            var split = token.Value.IndexOf('=', StringComparison.Ordinal);
            if (split < 1)
            {
                result.AddError($"'{token.Value}' must be written key=value.");
                break;
            }

            pairs[token.Value[..split]] = token.Value[(split + 1)..];
        }

        return pairs;
    }
}
