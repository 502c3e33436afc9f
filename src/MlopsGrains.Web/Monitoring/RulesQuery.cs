using System.Globalization;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Web.Monitoring;

/// <summary>Rules as the form's address says them: a field that it does not name, or whose text is no number, is as it is now.</summary>
internal sealed record RulesQuery(MonitorRules Rules, IReadOnlyDictionary<string, string> Faults)
{
    public static RulesQuery Read(MonitorRules present, Func<string, string?> query)
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);

        // The form leaves out what is empty, but never this.
        var isForm = query("windowSeconds") is not null;
        var rules = present with
        {
            ReferenceDigest = query("referenceDigest")?.Trim() ?? present.ReferenceDigest,
            Features = query("features") is { } names ? Names(names) : isForm ? null : present.Features,
            WindowRows = query("windowRows") is { } rows ? Whole("windowRows", rows) : isForm ? null : present.WindowRows,
            WindowSeconds = query("windowSeconds") is { } seconds ? Whole("windowSeconds", seconds) ?? present.WindowSeconds : present.WindowSeconds,
            Alpha = query("alpha") is { } alpha ? Number("alpha", alpha) ?? present.Alpha : present.Alpha,
            EffectFloor = query("effectFloor") is { } floor ? Number("effectFloor", floor) ?? present.EffectFloor : present.EffectFloor,
            RaiseAfter = query("raiseAfter") is { } hits ? Whole("raiseAfter", hits) ?? present.RaiseAfter : present.RaiseAfter,
            Pipeline = query("pipeline")?.Trim() is { } pipeline ? pipeline.Length == 0 ? null : pipeline : isForm ? null : present.Pipeline,
        };
        return new RulesQuery(rules, faults);

        int? Whole(string field, string text)
        {
            if (int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            faults[field] = $"{field} must be a whole number, not '{text}'.";
            return null;
        }

        double? Number(string field, string text)
        {
            if (double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                return number;
            }

            faults[field] = $"{field} must be a number, not '{text}'.";
            return null;
        }
    }

    /// <summary>One name a line; none means every input.</summary>
    private static string[]? Names(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } names ? names : null;
}
