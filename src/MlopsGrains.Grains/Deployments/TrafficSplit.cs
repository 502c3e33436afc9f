using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Rules of the traffic split, and the pick by it.</summary>
public static class TrafficSplit
{
    /// <summary>Returns the shares that get traffic, by revision, or refuses.</summary>
    public static IReadOnlyList<TrafficShare> Check(IReadOnlyList<TrafficShare>? traffic, int revisions)
    {
        if (traffic is null or { Count: 0 })
        {
            throw MlopsException.Invalid("traffic", "traffic must name at least one revision.");
        }

        var seen = new HashSet<int>();
        for (var i = 0; i < traffic.Count; i++)
        {
            var share = traffic[i] ?? throw MlopsException.Invalid($"traffic[{i}]", $"traffic[{i}] is required.");
            if (share.Revision < 1 || share.Revision > revisions)
            {
                throw MlopsException.Invalid($"traffic[{i}].revision", $"traffic[{i}].revision is {share.Revision}; the revisions are 1–{revisions}.");
            }

            if (!seen.Add(share.Revision))
            {
                throw MlopsException.Invalid($"traffic[{i}].revision", $"traffic[{i}].revision names revision {share.Revision} again.");
            }

            if (share.Percent is < 0 or > 100)
            {
                throw MlopsException.Invalid($"traffic[{i}].percent", $"traffic[{i}].percent is {share.Percent}; must be 0–100.");
            }
        }

        var sum = traffic.Sum(s => s.Percent);
        return sum == 100
            ? [.. traffic.Where(s => s.Percent > 0).OrderBy(s => s.Revision)]
            : throw MlopsException.Invalid("traffic", $"traffic adds up to {sum} percent; must be 100.");
    }

    /// <summary>The revision that a roll of 0–99 falls on.</summary>
    public static int Pick(IReadOnlyList<TrafficShare> traffic, int roll)
    {
        foreach (var share in traffic)
        {
            roll -= share.Percent;
            if (roll < 0)
            {
                return share.Revision;
            }
        }

        return traffic[^1].Revision;
    }
}
