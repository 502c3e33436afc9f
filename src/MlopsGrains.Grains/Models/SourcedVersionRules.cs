using MlopsGrains.Limits;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>What a version that is known by its source must be like; <see cref="ModelSource"/> judges the source itself.</summary>
internal static class SourcedVersionRules
{
    public static void Check(NewSourcedVersion version)
    {
        Limit.Length("run_id", version.RunId, RegistryLimits.SourceIdLengthMax);
        Limit.Length("run_link", version.RunLink, RegistryLimits.RunLinkLengthMax);
        Limit.Length("model_id", version.ModelId, RegistryLimits.SourceIdLengthMax);
        NewVersionRules.CheckDescription(version.Description);
        ModelTags.Check(version.Tags);
    }
}
