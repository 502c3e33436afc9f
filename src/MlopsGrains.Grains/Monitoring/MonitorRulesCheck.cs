using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The limits of <see cref="MonitorRules"/>; a refusal names the field, what came and the limit.</summary>
internal static class MonitorRulesCheck
{
    public const double AlphaMax = 0.5;

    public static void Check(MonitorRules rules)
    {
        Names.CheckDigest("referenceDigest", rules.ReferenceDigest);
        CheckFeatures(rules.Features ?? []);
        Range("windowRows", rules.WindowRows ?? MonitorLimits.WindowRowsMin, MonitorLimits.WindowRowsMin, MonitorLimits.WindowRowsMax);
        Range("windowSeconds", rules.WindowSeconds, 1, MonitorLimits.WindowSecondsMax);
        Range("raiseAfter", rules.RaiseAfter, 1, MonitorLimits.RaiseAfterMax);
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
        if (features.Count > MonitorLimits.FeaturesMax)
        {
            throw MlopsException.Invalid("features", $"features has {features.Count} names; at most {MonitorLimits.FeaturesMax}.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < features.Count; i++)
        {
            var feature = features[i];
            if (string.IsNullOrEmpty(feature) || feature.IsLongerThan(MonitorLimits.FeatureLengthMax))
            {
                throw MlopsException.Invalid($"features[{i}]", $"features[{i}] has {feature?.CharacterCount() ?? 0} characters; must be 1 to {MonitorLimits.FeatureLengthMax}.");
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
