using MlopsGrains.Errors;

namespace MlopsGrains.Experiments;

/// <summary>What one batch of a run may hold, in the words of the tracking protocol where it does not.</summary>
public static class BatchLimits
{
    /// <summary>Most metric points, and most entries in all.</summary>
    public const int MetricsMax = 1000;

    /// <summary>Most params, and most tags.</summary>
    public const int PairsMax = 100;

    /// <summary>Refuses more than <paramref name="max"/> entries of the list named <paramref name="list"/>.</summary>
    /// <exception cref="MlopsException"><see cref="ErrorKind.InvalidInput"/></exception>
    public static void Check(string list, int count, int max)
    {
        if (count > max)
        {
            throw TooMany(list, list, count, max);
        }
    }

    /// <summary>Refuses more than <see cref="MetricsMax"/> metric points, params and tags together.</summary>
    /// <exception cref="MlopsException"><see cref="ErrorKind.InvalidInput"/></exception>
    public static void CheckTotal(int count)
    {
        if (count > MetricsMax)
        {
            throw TooMany("metrics", "metrics, params, and tags", count, MetricsMax);
        }
    }

    /// <summary>The refusal of a metric point's time before 1970.</summary>
    public static MlopsException BadTimestamp(string field, string key, long timestamp) =>
        MlopsException.InvalidValue(field, timestamp, $"metric '{key}'. Timestamp must be a nonnegative long (64-bit integer), in Unix milliseconds");

    private static MlopsException TooMany(string field, string entries, int count, int max) => MlopsException.Invalid(
        field, $"A batch logging request can contain at most {max} {entries}. Got {count} {entries}. Please split up {entries} across multiple requests and try again.");
}
