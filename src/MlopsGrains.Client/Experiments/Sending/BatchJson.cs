using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>
/// The body of <c>POST /api/v1/runs/{id}/batches</c> with its points as columns: a key is written once a batch, and no object is made for a point.
/// </summary>
internal static partial class BatchJson
{
    public static void Write(IBufferWriter<byte> output, PendingBatch batch, ProducerPosition producer) => Write(
        output, new Columns(batch.Keys, batch.KeyIndexes, batch.Values, batch.Timestamps, batch.Steps), batch.Params, batch.Tags, producer);

    public static void Write(IBufferWriter<byte> output, RunBatch batch) => Write(
        output,
        new Columns(batch.Metrics.Keys, batch.Metrics.KeyIndexes, batch.Metrics.Values, batch.Metrics.Timestamps, batch.Metrics.Steps),
        batch.Params,
        batch.Tags,
        batch.Producer);

    /// <summary>
    /// The batch without what a refusal named: a point by its place or all points of its key, a param or tag by its place, a whole list by its name;
    /// <see langword="null"/> when the refusal names nothing in it. One bad entry does not take its neighbours along.
    /// </summary>
    /// <param name="body">A batch as written here.</param>
    /// <param name="field">Such as <c>metrics[3].key</c>, <c>params[0].value</c> or <c>tags</c>.</param>
    public static (byte[] Body, int Removed)? Without(ReadOnlySpan<byte> body, string? field)
    {
        var named = RefusedEntry().Match(field ?? "");
        if (!named.Success)
        {
            return null;
        }

        var batch = JsonNode.Parse(body)!.AsObject();
        int? index = named.Groups["index"].Success ? int.Parse(named.Groups["index"].ValueSpan, provider: null) : null;
        var removed = named.Groups["list"].Value == "metrics"
            ? RemovePoints(batch["columns"]!.AsObject(), index, wholeKey: named.Groups["member"].Value == "key")
            : RemovePairs(batch[named.Groups["list"].Value]!.AsArray(), index);
        return removed == 0 ? null : (JsonSerializer.SerializeToUtf8Bytes(batch), removed);
    }

    /// <summary>Points, params and tags of a batch as written here.</summary>
    public static int Count(ReadOnlySpan<byte> body)
    {
        var batch = JsonNode.Parse(body)!;
        return batch["columns"]!["values"]!.AsArray().Count + batch["params"]!.AsArray().Count + batch["tags"]!.AsArray().Count;
    }

    private static void Write(IBufferWriter<byte> output, Columns points, IReadOnlyList<Tag> parameters, IReadOnlyList<Tag> tags, ProducerPosition? producer)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        if (producer is not null)
        {
            json.WriteStartObject("producer"u8);
            json.WriteString("producerId"u8, producer.ProducerId);
            json.WriteNumber("sequence"u8, producer.Sequence);
            json.WriteEndObject();
        }

        WriteColumns(json, points);
        WritePairs(json, "params"u8, parameters);
        WritePairs(json, "tags"u8, tags);
        json.WriteEndObject();
    }

    private static void WriteColumns(Utf8JsonWriter json, Columns points)
    {
        json.WriteStartObject("columns"u8);
        json.WriteStartArray("keys"u8);
        foreach (var key in points.Keys)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
        json.WriteStartArray("keyIndexes"u8);
        foreach (var index in points.KeyIndexes)
        {
            json.WriteNumberValue(index);
        }

        json.WriteEndArray();
        json.WriteStartArray("values"u8);
        foreach (var value in points.Values)
        {
            if (double.IsFinite(value))
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteStringValue(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
            }
        }

        json.WriteEndArray();
        WriteWhole(json, "timestamps"u8, points.Timestamps);
        WriteWhole(json, "steps"u8, points.Steps);
        json.WriteEndObject();
    }

    private static void WriteWhole(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void WritePairs(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<Tag> pairs)
    {
        json.WriteStartArray(name);
        foreach (var pair in pairs)
        {
            json.WriteStartObject();
            json.WriteString("key"u8, pair.Key);
            json.WriteString("value"u8, pair.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static int RemovePoints(JsonObject columns, int? index, bool wholeKey)
    {
        var keyOf = columns["keyIndexes"]!.AsArray();
        if (index >= keyOf.Count)
        {
            return 0;
        }

        var key = index is { } at ? keyOf[at]!.GetValue<int>() : -1;
        var gone = Enumerable.Range(0, keyOf.Count).Where(i => index is null || i == index || (wholeKey && keyOf[i]!.GetValue<int>() == key)).Reverse().ToList();
        foreach (var i in gone)
        {
            foreach (var column in (string[])["keyIndexes", "values", "timestamps", "steps"])
            {
                columns[column]!.AsArray().RemoveAt(i);
            }
        }

        // The platform looks at every key, also at one that has no points left.
        var used = keyOf.Select(k => k!.GetValue<int>()).Distinct().Order().ToList();
        var keys = columns["keys"]!.AsArray().Select(k => k!.GetValue<string>()).ToList();
        columns["keys"] = new JsonArray([.. used.Select(k => JsonValue.Create(keys[k]))]);
        columns["keyIndexes"] = new JsonArray([.. keyOf.Select(k => JsonValue.Create(used.IndexOf(k!.GetValue<int>())))]);
        return gone.Count;
    }

    private static int RemovePairs(JsonArray pairs, int? index)
    {
        var before = pairs.Count;
        if (index is null)
        {
            pairs.Clear();
        }
        else if (index < pairs.Count)
        {
            pairs.RemoveAt(index.Value);
        }

        return before - pairs.Count;
    }

    [GeneratedRegex(@"^(?<list>metrics|params|tags)(\[(?<index>\d{1,6})\](\.(?<member>\w+))?)?$")]
    private static partial Regex RefusedEntry();

    private readonly ref struct Columns(
        IReadOnlyList<string> keys, ReadOnlySpan<int> keyIndexes, ReadOnlySpan<double> values, ReadOnlySpan<long> timestamps, ReadOnlySpan<long> steps)
    {
        public IReadOnlyList<string> Keys { get; } = keys;

        public ReadOnlySpan<int> KeyIndexes { get; } = keyIndexes;

        public ReadOnlySpan<double> Values { get; } = values;

        public ReadOnlySpan<long> Timestamps { get; } = timestamps;

        public ReadOnlySpan<long> Steps { get; } = steps;
    }
}
