using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>How much one request for curves may ask for.</summary>
internal static class CurveRules
{
    /// <summary>The query with each run and each key once.</summary>
    public static CurveQuery Check(CurveQuery query)
    {
        Between("runIds", query.RunIds.Count, TrackingLimits.HistoryRunsMax);
        Between("keys", query.Keys.Count, TrackingLimits.CurveKeysMax);
        if (query.Buckets is < 2 or > TrackingLimits.HistoryBucketsMax)
        {
            throw MlopsException.Invalid("buckets", $"buckets is {query.Buckets}; expected 2–{TrackingLimits.HistoryBucketsMax}.");
        }

        if (query.Start > query.End)
        {
            throw MlopsException.Invalid("start", $"start is {query.Start} and end {query.End}; the start comes first.");
        }

        foreach (var id in query.RunIds)
        {
            TrackingIds.CheckRun("runIds", id);
        }

        var distinct = query with { RunIds = [.. query.RunIds.Distinct(StringComparer.Ordinal)], Keys = [.. query.Keys.Distinct(StringComparer.Ordinal)] };
        var curves = distinct.RunIds.Count * distinct.Keys.Count;
        return curves > TrackingLimits.CurvesMax ? throw MlopsException.Invalid("keys", $"{distinct.RunIds.Count} runs × {distinct.Keys.Count} keys are {curves} curves; at most {TrackingLimits.CurvesMax}.")
            : (long)curves * query.Buckets > TrackingLimits.CurveBucketsMax ? throw MlopsException.Invalid("buckets", $"{curves} curves × {query.Buckets} buckets are {(long)curves * query.Buckets}; at most {TrackingLimits.CurveBucketsMax}.")
            : distinct;
    }

    private static void Between(string field, int count, int countMax)
    {
        if (count < 1 || count > countMax)
        {
            throw MlopsException.Invalid(field, $"{field} has {count} entries; expected 1–{countMax}.");
        }
    }
}
