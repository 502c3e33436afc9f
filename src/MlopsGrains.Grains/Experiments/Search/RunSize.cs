using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>About how many characters a run takes in an answer.</summary>
internal static class RunSize
{
    /// <summary>A page ends with the run that reaches this.</summary>
    public const long PageMax = 8 * 1024 * 1024;

    public static long Of(Run run)
    {
        var size = 500L + (run.Metrics.Count * 60L);
        foreach (var pair in run.Params.Concat(run.Tags))
        {
            size += pair.Key.Length + pair.Value.Length + 20;
        }

        foreach (var input in run.Inputs)
        {
            size += 200L + input.Source.Length + (input.Schema?.Length ?? 0) + (input.Profile?.Length ?? 0);
        }

        return size + ((run.ModelInputs.Count + run.ModelOutputs.Count) * 60L);
    }
}
