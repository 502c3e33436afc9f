using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Training;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>Judges metrics: absolute bounds, and change against other models. Pure.</summary>
internal static class MetricGate
{
    /// <summary>Every check in words, and whether it holds.</summary>
    public static IReadOnlyList<(bool Passed, string Text)> Judge(StepInputs with, IReadOnlyDictionary<string, double> metrics)
    {
        var checks = new List<(bool, string)>();
        foreach (var (threshold, i) in Items(with, "thresholds").Select((t, i) => (t, i)))
        {
            checks.AddRange(Threshold(threshold, $"with.thresholds[{i}]", metrics));
        }

        foreach (var (change, i) in Items(with, "change").Select((c, i) => (c, i)))
        {
            checks.AddRange(Change(with, change, $"with.change[{i}]", metrics));
        }

        return checks.Count > 0 ? checks : throw MlopsException.Invalid("with.thresholds", "The gate has no thresholds and no change; it would let everything pass.");
    }

    private static IEnumerable<(bool, string)> Threshold(StepInputs item, string field, IReadOnlyDictionary<string, double> metrics)
    {
        var name = Known(item, field, ["metric", "min", "max"]);
        var (min, max) = (item.NumberOrNull("min"), item.NumberOrNull("max"));
        if (min is null && max is null)
        {
            throw MlopsException.Invalid(field, $"{field} needs min or max.");
        }

        var value = Value(metrics, name, field);
        if (min is { } low)
        {
            yield return (value >= low, Text($"{name} {value:0.0000} must be at least {low}"));
        }

        if (max is { } high)
        {
            yield return (value <= high, Text($"{name} {value:0.0000} must be at most {high}"));
        }
    }

    private static IEnumerable<(bool, string)> Change(StepInputs with, StepInputs item, string field, IReadOnlyDictionary<string, double> metrics)
    {
        var name = Known(item, field, ["metric", "against", "absolute", "relative"]);
        var against = item.TextOrNull("against") ?? "baseline";
        if (against is not ("baseline" or "champion"))
        {
            throw MlopsException.Invalid(field + ".against", $"{field}.against is '{against}'; expected baseline or champion.");
        }

        var (absolute, relative) = (item.NumberOrNull("absolute"), item.NumberOrNull("relative"));
        if (absolute is null && relative is null)
        {
            throw MlopsException.Invalid(field, $"{field} needs absolute or relative.");
        }

        if (with.Find(against) is not { } other || other is { ValueKind: JsonValueKind.String } && other.GetString()!.Length == 0)
        {
            if (against == "baseline")
            {
                throw MlopsException.Invalid("with.baseline", "with.baseline is required by with.change.");
            }

            yield return (true, $"{name}: there is no champion to compare with");
            yield break;
        }

        var before = Value(StepData.Metrics("with." + against, other), name, field);
        var value = Value(metrics, name, field);
        var gain = Evaluation.LowerIsBetter(name) ? before - value : value - before;
        if (absolute is { } a)
        {
            yield return (gain >= a, Text($"{name} {value:0.0000} must be better than the {against}'s {before:0.0000} by at least {a}"));
        }

        if (relative is { } r)
        {
            yield return (gain >= r * Math.Abs(before), Text($"{name} {value:0.0000} must be better than the {against}'s {before:0.0000} by at least {r:0.##%}"));
        }
    }

    private static string Known(StepInputs item, string field, string[] keys)
    {
        if (item.Keys.FirstOrDefault(k => !keys.Contains(k)) is { } unknown)
        {
            throw MlopsException.Invalid($"{field}.{unknown}", $"{field}.{unknown} is unknown; expected one of {string.Join(", ", keys)}.");
        }

        return item.TextOrNull("metric") ?? throw MlopsException.Invalid(field + ".metric", $"{field}.metric is required.");
    }

    private static IEnumerable<StepInputs> Items(StepInputs with, string key) => with.Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Select(e => new StepInputs(e)),
        _ => throw MlopsException.Invalid("with." + key, $"with.{key} must be a list."),
    };

    private static double Value(IReadOnlyDictionary<string, double> metrics, string name, string field) =>
        metrics.TryGetValue(name, out var value) ? value : throw MlopsException.Invalid(field + ".metric", $"{field}.metric is '{name}'; measured are {string.Join(", ", metrics.Keys)}.");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
