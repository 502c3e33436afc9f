using System.Buffers;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// Reads points that come as columns: <c>{"keys":["loss"],"keyIndexes":[0,0],"values":[1,0.5],"timestamps":[…],"steps":[…]}</c>. All members but
/// <c>keys</c> have one entry a point. A key is read once a batch and nothing is allocated for a point, which makes it the door for producers of many points.
/// </summary>
internal static class MetricColumnsReader
{
    private const int Keys = 0, KeyIndexes = 1, Values = 2, Timestamps = 3, Steps = 4;

    private static readonly JsonMembers Members = JsonMembers.Of("keys", "keyIndexes", "values", "timestamps", "steps");

    /// <summary>Adds the points of the object that <paramref name="json"/> stands on.</summary>
    public static void Read(ref JsonReader json, MetricColumnsBuilder metrics)
    {
        var keys = new List<int>();
        var keyIndexes = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        var values = ArrayPool<double>.Shared.Rent(BatchLimits.MetricsMax);
        var timestamps = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        var steps = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        try
        {
            int indexes = 0, points = 0, times = 0, stepCount = 0;
            var at = json.Object(Members);
            while (json.Next(ref at, out var member))
            {
                switch (member)
                {
                    case Keys:
                        ReadKeys(ref json, metrics.Keys, keys);
                        break;
                    case KeyIndexes:
                        indexes = ReadWhole(ref json, keyIndexes);
                        break;
                    case Values:
                        points = ReadValues(ref json, values);
                        break;
                    case Timestamps:
                        times = ReadWhole(ref json, timestamps);
                        break;
                    case Steps:
                        stepCount = ReadWhole(ref json, steps);
                        break;
                }
            }

            CheckLength(ref json, "keyIndexes", indexes, points);
            CheckLength(ref json, "timestamps", times, points);
            CheckLength(ref json, "steps", stepCount, points);
            for (var i = 0; i < points; i++)
            {
                if ((ulong)keyIndexes[i] >= (ulong)keys.Count)
                {
                    throw MlopsException.InvalidValue(json.PathOf($"keyIndexes[{i}]"), keyIndexes[i], $"expected the place of one of the {keys.Count} keys, from 0.");
                }

                if (timestamps[i] < 0)
                {
                    throw MlopsException.InvalidValue(json.PathOf($"timestamps[{i}]"), timestamps[i], "expected Unix milliseconds, 0 or more.");
                }

                metrics.Add(keys[(int)keyIndexes[i]], values[i], timestamps[i], steps[i]);
            }
        }
        finally
        {
            ArrayPool<long>.Shared.Return(keyIndexes);
            ArrayPool<double>.Shared.Return(values);
            ArrayPool<long>.Shared.Return(timestamps);
            ArrayPool<long>.Shared.Return(steps);
        }
    }

    private static void ReadKeys(ref JsonReader json, MetricKeyTable table, List<int> keys)
    {
        json.Array();
        while (json.NextItem())
        {
            CheckCount(ref json, keys.Count);
            var key = json.Text();
            if (key.Length == 0 || key.IsLongerThan(TrackingLimits.KeyLengthMax))
            {
                throw json.Wrong($"expected text of 1 to {TrackingLimits.KeyLengthMax} characters.");
            }

            keys.Add(table.IndexOf(Encoding.UTF8.GetBytes(key)));
        }
    }

    private static int ReadValues(ref JsonReader json, double[] values)
    {
        json.Array();
        var count = 0;
        while (json.NextItem())
        {
            CheckCount(ref json, count);
            values[count++] = json.Double();
        }

        return count;
    }

    private static int ReadWhole(ref JsonReader json, long[] numbers)
    {
        json.Array();
        var count = 0;
        while (json.NextItem())
        {
            CheckCount(ref json, count);
            numbers[count++] = json.Int64();
        }

        return count;
    }

    private static void CheckCount(ref JsonReader json, int count)
    {
        if (count >= BatchLimits.MetricsMax)
        {
            throw MlopsException.Invalid(json.Path.Split('[')[0], $"A batch can contain at most {BatchLimits.MetricsMax} metrics. Got more.");
        }
    }

    private static void CheckLength(ref JsonReader json, string member, int length, int points)
    {
        if (length != points)
        {
            throw MlopsException.Invalid(json.PathOf(member), $"{json.PathOf(member)} has {length} entries; expected one for each of the {points} values.");
        }
    }
}
