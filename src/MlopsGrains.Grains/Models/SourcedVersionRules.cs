using MlopsGrains.Grains.Experiments;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>What a version that is known by its source must be like; <see cref="ModelSource"/> judges the source itself.</summary>
internal static class SourcedVersionRules
{
    private const int IdCharactersMax = 256;
    private const int LinkCharactersMax = 2_048;

    public static void Check(NewSourcedVersion version)
    {
        TrackingLimits.CheckLength("run_id", version.RunId, IdCharactersMax);
        TrackingLimits.CheckLength("run_link", version.RunLink, LinkCharactersMax);
        TrackingLimits.CheckLength("model_id", version.ModelId, IdCharactersMax);
        NewVersionRules.CheckDescription(version.Description);
        ModelTags.Check(version.Tags);
    }
}
