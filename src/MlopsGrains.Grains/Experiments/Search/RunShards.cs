namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Which part of an experiment's index holds a run. The number of parts and the hash are for ever: what is stored lies by them.
/// </summary>
internal static class RunShards
{
    public const int Count = 8;

    public static IRunIndexGrain RunIndexOf(this IGrainFactory grains, string experimentId, string runId) => grains.RunIndexShard(experimentId, Of(runId));

    public static IRunIndexGrain RunIndexShard(this IGrainFactory grains, string experimentId, int shard) => grains.GetGrain<IRunIndexGrain>($"{experimentId}/{shard}");

    public static IEnumerable<IRunIndexGrain> RunIndex(this IGrainFactory grains, string experimentId) =>
        Enumerable.Range(0, Count).Select(shard => grains.RunIndexShard(experimentId, shard));

    /// <summary>FNV-1a over the id's UTF-16 units.</summary>
    public static int Of(string runId)
    {
        var hash = 2166136261u;
        foreach (var c in runId)
        {
            hash = unchecked((hash ^ c) * 16777619u);
        }

        return (int)((hash ^ (hash >> 16)) % Count);
    }
}
