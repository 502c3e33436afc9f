using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The limits of <see cref="MonitorRules"/>; a refusal names the field, what came and the limit.</summary>
internal static class MonitorRulesCheck
{
    public const int FeaturesMax = 1000;
    public const int FeatureLengthMax = 256;
    public const int WindowRowsMin = 100;
    public const int WindowRowsMax = 10_000_000;
    public const int WindowSecondsMax = 7 * 24 * 3600;
    public const double AlphaMax = 0.5;
    public const int RaiseAfterMax = 3;

    public static void Check(MonitorRules rules)
    {
        Names.CheckDigest("referenceDigest", rules.ReferenceDigest);
        CheckFeatures(rules.Features ?? []);
        Range("windowRows", rules.WindowRows ?? WindowRowsMin, WindowRowsMin, WindowRowsMax);
        Range("windowSeconds", rules.WindowSeconds, 1, WindowSecondsMax);
        Range("raiseAfter", rules.RaiseAfter, 1, RaiseAfterMax);
        if (!(rules.Alpha > 0 && rules.Alpha <= AlphaMax))
        {
            throw MlopsException.Invalid("alpha", $"alpha is {rules.Alpha}; must be above 0 and at most {AlphaMax}.");
        }

        if (!(rules.EffectFloor >= 0 && rules.EffectFloor <= 1))
        {
            throw MlopsException.Invalid("effectFloor", $"effectFloor is {rules.EffectFloor}; must be 0 to 1.");
        }

        if (rules.Pipeline is not null)
        {
            Names.Check("pipeline", rules.Pipeline);
        }
    }

    private static void CheckFeatures(IReadOnlyList<string> features)
    {
        if (features.Count > FeaturesMax)
        {
            throw MlopsException.Invalid("features", $"features has {features.Count} names; at most {FeaturesMax}.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < features.Count; i++)
        {
            var feature = features[i];
            if (string.IsNullOrEmpty(feature) || feature.Length > FeatureLengthMax)
            {
                throw MlopsException.Invalid($"features[{i}]", $"features[{i}] has {feature?.Length ?? 0} characters; must be 1 to {FeatureLengthMax}.");
            }

            if (!seen.Add(feature))
            {
                throw MlopsException.Invalid($"features[{i}]", $"features[{i}] '{feature}' is named twice.");
            }
        }
    }

    private static void Range(string field, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            throw MlopsException.Invalid(field, $"{field} is {value}; must be {min} to {max}.");
        }
    }
}
