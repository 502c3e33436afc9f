using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Training;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>Judges metrics: absolute bounds, and change against other models. Pure.</summary>
internal static class MetricGate
{
    /// <summary>Every check in words, and whether it holds.</summary>
    public static IReadOnlyList<(bool Passed, string Text)> Judge(StepInputs with, IReadOnlyDictionary<string, double> metrics) =>
    [
        .. with.Objects("thresholds").SelectMany((threshold, i) => Threshold(threshold, $"with.thresholds[{i}]", metrics)),
        .. with.Objects("change").SelectMany((change, i) => Change(with, change, $"with.change[{i}]", metrics)),
    ];

    /// <summary>What is wrong with a gate whatever is measured.</summary>
    public static IEnumerable<StepFault> Faults(StepCheck check)
    {
        if (!check.Has("thresholds") && !check.Has("change"))
        {
            yield return new StepFault("thresholds", "thresholds or change is required; without them the gate would let everything pass");
        }

        foreach (var (item, at) in Items(check, "thresholds"))
        {
            if (item.Find("min") is null && item.Find("max") is null)
            {
                yield return new StepFault(at, $"{at} needs min or max");
            }
        }

        foreach (var (item, at) in Items(check, "change"))
        {
            if (item.Find("absolute") is null && item.Find("relative") is null)
            {
                yield return new StepFault(at, $"{at} needs absolute or relative");
            }

            if (Against(item) == "baseline" && !check.Has("baseline"))
            {
                yield return new StepFault("baseline", "baseline is required by change");
            }
        }

        var measured = Measured(check);
        foreach (var (item, at) in Items(check, "thresholds").Concat(Items(check, "change")))
        {
            if (measured is not null && item.TextOrNull("metric") is { } name && !measured.Contains(name))
            {
                yield return new StepFault(at + ".metric", $"{at}.metric is '{name}'; expected one of {string.Join(", ", measured)}");
            }
        }
    }

    /// <summary>The metrics there will be: of the evaluation that gives them, or as they are written.</summary>
    private static IReadOnlyList<string>? Measured(StepCheck check)
    {
        if (check.Source("metrics") is { Uses: ModelEvaluateStep.Uses } evaluation)
        {
            return TrainingRequest.KnownTask(evaluation.With) is { } task ? [.. EvaluationMetric.NamesOf(task)] : EvaluationMetric.Names;
        }

        return check.With.Find("metrics") is { } written ? [.. StepData.Metrics("metrics", written).Keys] : null;
    }

    private static IEnumerable<(StepInputs Item, string At)> Items(StepCheck check, string key) => check.With.Objects(key).Select((item, i) => (item, $"{key}[{i}]"));

    private static IEnumerable<(bool, string)> Threshold(StepInputs item, string field, IReadOnlyDictionary<string, double> metrics)
    {
        var name = item.Text("metric");
        var value = Value(metrics, name, field);
        if (item.NumberOrNull("min") is { } low)
        {
            yield return Check(v => Exact.AtLeast(v[0], low), [value], v => $"{name} {v[0]} must be at least {low}");
        }

        if (item.NumberOrNull("max") is { } high)
        {
            yield return Check(v => Exact.AtLeast(high, v[0]), [value], v => $"{name} {v[0]} must be at most {high}");
        }
    }

    private static IEnumerable<(bool, string)> Change(StepInputs with, StepInputs item, string field, IReadOnlyDictionary<string, double> metrics)
    {
        var (name, against) = (item.Text("metric"), Against(item));
        if (with.Find(against) is not { } other || other is { ValueKind: JsonValueKind.String } && other.GetString()!.Length == 0)
        {
            if (against == "baseline")
            {
                throw MlopsException.Invalid("with.baseline", "with.baseline is required by with.change.");
            }

            yield return (true, $"{name}: there is no champion to compare with");
            yield break;
        }

        double[] values = [Value(metrics, name, field), Value(StepData.Metrics("with." + against, other), name, field)];
        if (item.NumberOrNull("absolute") is { } absolute)
        {
            yield return Check(v => Exact.GainAtLeast(v[0], v[1], name, absolute), values, v => $"{name} {v[0]} must be better than the {against}'s {v[1]} by at least {absolute}");
        }

        if (item.NumberOrNull("relative") is { } relative)
        {
            yield return Check(v => Exact.ShareAtLeast(v[0], v[1], name, relative), values, v => $"{name} {v[0]} must be better than the {against}'s {v[1]} by at least {relative:0.##%}");
        }
    }

    private static string Against(StepInputs item) => item.TextOrNull("against") ?? "baseline";

    /// <summary>Four decimals are shown, or all where four would tell another story.</summary>
    private static (bool, string) Check(Func<double[], bool> holds, double[] values, Func<string[], FormattableString> text)
    {
        var passed = holds(values);
        var shown = Array.ConvertAll(values, v => v.ToString("0.0000", CultureInfo.InvariantCulture));
        if (holds(Array.ConvertAll(shown, s => double.Parse(s, CultureInfo.InvariantCulture))) != passed)
        {
            shown = Array.ConvertAll(values, v => v.ToString("R", CultureInfo.InvariantCulture));
        }

        return (passed, text(shown).ToString(CultureInfo.InvariantCulture));
    }

    private static double Value(IReadOnlyDictionary<string, double> metrics, string name, string field) => metrics.TryGetValue(name, out var value) ? value
        : throw MlopsException.Invalid(field + ".metric", $"{field}.metric is '{name}'; measured are {string.Join(", ", metrics.Keys)}.{(EvaluationMetric.WhyMissing(name) is { } why ? " " + why : "")}");

    /// <summary>Compares numbers as they are written, so that 0.95 is better than 0.85 by 0.1.</summary>
    private static class Exact
    {
        private const double MagnitudeMax = 1e12;

        public static bool AtLeast(double value, double bound) => value >= bound;

        public static bool GainAtLeast(double value, double before, string metric, double bound) =>
            Decimals(value, before, bound) is var (v, b, a) ? Gain(v, b, metric) >= a : Gain(value, before, metric) >= bound;

        public static bool ShareAtLeast(double value, double before, string metric, double bound) =>
            Decimals(value, before, bound) is var (v, b, r) ? Gain(v, b, metric) >= r * Math.Abs(b) : Gain(value, before, metric) >= bound * Math.Abs(before);

        private static T Gain<T>(T value, T before, string metric)
            where T : System.Numerics.ISubtractionOperators<T, T, T> => EvaluationMetric.IsLowerBetter(metric) ? before - value : value - before;

        /// <summary>The numbers as decimals; <see langword="null"/> when one of them is too large or too small to be one.</summary>
        private static (decimal, decimal, decimal)? Decimals(double a, double b, double c) => Written(a) is { } x && Written(b) is { } y && Written(c) is { } z ? (x, y, z) : null;

        private static decimal? Written(double value) =>
            Math.Abs(value) < MagnitudeMax && decimal.TryParse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && (double)number == value
                ? number
                : null;
    }
}
