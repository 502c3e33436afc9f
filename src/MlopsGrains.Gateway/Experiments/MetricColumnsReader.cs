using System.Buffers;
using System.Text.Json;
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
    /// <summary>Adds the points of the object that <paramref name="reader"/> stands on.</summary>
    public static void Read(ref Utf8JsonReader reader, MetricColumnsBuilder metrics)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "columns", "an object");
        var keys = new List<int>();
        var keyIndexes = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        var values = ArrayPool<double>.Shared.Rent(BatchLimits.MetricsMax);
        var timestamps = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        var steps = ArrayPool<long>.Shared.Rent(BatchLimits.MetricsMax);
        try
        {
            int indexes = 0, points = 0, times = 0, stepCount = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("keys"u8))
                {
                    ReadKeys(ref reader, metrics.Keys, keys);
                }
                else if (reader.ValueTextEquals("keyIndexes"u8))
                {
                    indexes = ReadWhole(ref reader, "columns.keyIndexes", keyIndexes);
                }
                else if (reader.ValueTextEquals("values"u8))
                {
                    points = ReadValues(ref reader, values);
                }
                else if (reader.ValueTextEquals("timestamps"u8))
                {
                    times = ReadWhole(ref reader, "columns.timestamps", timestamps);
                }
                else if (reader.ValueTextEquals("steps"u8))
                {
                    stepCount = ReadWhole(ref reader, "columns.steps", steps);
                }
                else
                {
                    var name = $"columns.{reader.GetString()}";
                    throw MlopsException.Invalid(name, $"Unknown field '{name}'.");
                }
            }

            CheckLength("keyIndexes", indexes, points);
            CheckLength("timestamps", times, points);
            CheckLength("steps", stepCount, points);
            for (var i = 0; i < points; i++)
            {
                if ((ulong)keyIndexes[i] >= (ulong)keys.Count)
                {
                    throw MlopsException.Invalid($"columns.keyIndexes[{i}]", $"columns.keyIndexes[{i}] is {keyIndexes[i]}; expected the place of one of the {keys.Count} keys, from 0.");
                }

                if (timestamps[i] < 0)
                {
                    throw MlopsException.InvalidValue($"columns.timestamps[{i}]", timestamps[i], "expected Unix milliseconds, 0 or more.");
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

    private static void ReadKeys(ref Utf8JsonReader reader, MetricKeyTable table, List<int> keys)
    {
        keys.Clear();
        StartArray(ref reader, "columns.keys");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(keys.Count < BatchLimits.MetricsMax, "columns.keys", $"at most {BatchLimits.MetricsMax} keys");
            var key = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
            Expect(key.Length > 0 && !key.IsLongerThan(TrackingLimits.KeyLengthMax), $"columns.keys[{keys.Count}]", $"text of 1 to {TrackingLimits.KeyLengthMax} characters");
            keys.Add(table.IndexOf(System.Text.Encoding.UTF8.GetBytes(key)));
        }
    }

    private static int ReadValues(ref Utf8JsonReader reader, double[] values)
    {
        StartArray(ref reader, "columns.values");
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount("columns.values", count);
            if (!JsonValues.TryReadDouble(ref reader, out values[count]))
            {
                throw Invalid($"columns.values[{count}]", "a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
            }

            count++;
        }

        return count;
    }

    private static int ReadWhole(ref Utf8JsonReader reader, string path, long[] numbers)
    {
        StartArray(ref reader, path);
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount(path, count);
            if (!JsonValues.TryReadInt64(ref reader, numberInText: false, out numbers[count]))
            {
                throw Invalid($"{path}[{count}]", "a whole number");
            }

            count++;
        }

        return count;
    }

    private static void StartArray(ref Utf8JsonReader reader, string path)
    {
        reader.Read();
        Expect(reader.TokenType == JsonTokenType.StartArray, path, "an array");
    }

    private static void CheckCount(string path, int count)
    {
        if (count >= BatchLimits.MetricsMax)
        {
            throw MlopsException.Invalid(path, $"A batch can contain at most {BatchLimits.MetricsMax} metrics. Got more.");
        }
    }

    private static void CheckLength(string member, int length, int points)
    {
        if (length != points)
        {
            throw MlopsException.Invalid($"columns.{member}", $"columns.{member} has {length} entries; expected one for each of the {points} values.");
        }
    }

    private static void Expect(bool holds, string path, string expected)
    {
        if (!holds)
        {
            throw Invalid(path, expected);
        }
    }

    private static MlopsException Invalid(string path, string expected) => MlopsException.Invalid(path, $"Invalid value for parameter '{path}': expected {expected}.");
}
