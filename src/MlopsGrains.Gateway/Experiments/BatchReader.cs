using System.Buffers;
using System.Text;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// Reads a batch of params, metrics and tags from the request's own bytes. This is the hot path of the tracking door: nothing is allocated per metric point.
/// Two dialects share it: MLflow's lenient one (numbers as text, unknown fields ignored) and the strict native one.
/// </summary>
internal sealed class BatchReader : IDisposable
{
    /// <summary>Each character possibly two escapes of six bytes.</summary>
    private const int KeyBytesMax = TrackingLimits.KeyLengthMax * 12;

    private readonly bool mlflow;
    private readonly MetricColumnsBuilder metrics = new(BatchLimits.MetricsMax);
    private List<Tag> entries = [];
    private List<Tag> tags = [];
    private ModelMetrics? models;
    private ProducerPosition? producer;
    private string? runId;
    private string? runUuid;

    private BatchReader(bool mlflow) => this.mlflow = mlflow;

    /// <summary>Reads MLflow's <c>log-batch</c> message; the run id may be missing in it.</summary>
    public static MlflowBatch ReadMlflow(in ReadOnlySequence<byte> body) => Read(body, mlflow: true);

    /// <summary>Reads the native batch.</summary>
    public static RunBatch ReadNative(in ReadOnlySequence<byte> body) => Read(body, mlflow: false).Batch;

    public void Dispose() => metrics.Dispose();

    private static MlflowBatch Read(in ReadOnlySequence<byte> body, bool mlflow)
    {
        using var batch = new BatchReader(mlflow);
        try
        {
            batch.ReadBody(body, unwrap: mlflow);
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            // The JSON reader's word for bytes that are no UTF-8, or for half a surrogate pair.
            throw MlopsException.Invalid("body", "The body holds text that is not valid Unicode.");
        }

        var id = string.IsNullOrEmpty(batch.runId) ? batch.runUuid : batch.runId;
        return new MlflowBatch(id, new RunBatch(batch.metrics.Build(), batch.entries, batch.tags, batch.producer), batch.models);
    }

    private void ReadBody(in ReadOnlySequence<byte> body, bool unwrap)
    {
        if (mlflow && body.IsEmpty)
        {
            return;
        }

        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = NativeJson.DepthMax });
        reader.Read();
        if (unwrap && reader.TokenType == JsonTokenType.String)
        {
            // Old clients send the message as JSON inside a JSON string.
            ReadBody(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(reader.GetString()!)), unwrap: false);
        }
        else
        {
            ReadMessage(ref reader);
        }

        while (reader.Read())
        {
        }
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, ref reader, "body", "expected a JSON object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metrics"u8))
            {
                ReadMetrics(ref reader);
            }
            else if (reader.ValueTextEquals("params"u8))
            {
                entries = ReadPairs(ref reader, "params");
            }
            else if (reader.ValueTextEquals("tags"u8))
            {
                tags = ReadPairs(ref reader, "tags");
            }
            else if (mlflow && (reader.ValueTextEquals("run_id"u8) || reader.ValueTextEquals("runId"u8)))
            {
                runId = ReadText(ref reader, "run_id");
            }
            else if (mlflow && (reader.ValueTextEquals("run_uuid"u8) || reader.ValueTextEquals("runUuid"u8)))
            {
                runUuid = ReadText(ref reader, "run_uuid");
            }
            else if (!mlflow && reader.ValueTextEquals("columns"u8))
            {
                ReadColumns(ref reader);
            }
            else if (!mlflow && reader.ValueTextEquals("producer"u8))
            {
                producer = ReadProducer(ref reader);
            }
            else
            {
                SkipUnknown(ref reader, null);
            }
        }

        BatchLimits.CheckTotal(metrics.Count + entries.Count + tags.Count);
    }

    private void ReadMetrics(ref Utf8JsonReader reader)
    {
        RequireOneForm(mlflow || metrics.Count == 0, "metrics");
        metrics.Clear();
        models = null;
        if (!StartsArray(ref reader, "metrics"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (metrics.Count == BatchLimits.MetricsMax)
            {
                BatchLimits.Check("metrics", metrics.Count + CountRest(ref reader), BatchLimits.MetricsMax);
            }

            ReadMetric(ref reader);
        }
    }

    /// <summary>The native form for many points; instead of <c>metrics</c>, not beside it.</summary>
    private void ReadColumns(ref Utf8JsonReader reader)
    {
        if (ReadsValue(ref reader))
        {
            RequireOneForm(metrics.Count == 0, "columns");
            MetricColumnsReader.Read(ref reader, metrics);
        }
    }

    private void ReadMetric(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, ref reader, null, "expected an object.");
        var (key, step) = (-1, 0L);
        var (value, timestamp) = (0d, 0L);
        var (hasValue, hasTimestamp) = (false, false);
        (string? model, string? dataset, string? digest) = (null, null, null);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("key"u8))
            {
                key = ReadKey(ref reader);
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                hasValue = ReadsValue(ref reader) && (JsonValues.TryReadDouble(ref reader, out value)
                    || Expect(false, ref reader, "value", "Please specify value as a valid double (64-bit floating point): a number, \"NaN\", \"Infinity\" or \"-Infinity\"."));
            }
            else if (reader.ValueTextEquals("timestamp"u8))
            {
                hasTimestamp = ReadsValue(ref reader) && (JsonValues.TryReadInt64(ref reader, mlflow, out timestamp)
                    || Expect(false, ref reader, "timestamp", "expected a whole number of milliseconds."));
            }
            else if (reader.ValueTextEquals("step"u8))
            {
                step = 0;
                _ = ReadsValue(ref reader) && (JsonValues.TryReadInt64(ref reader, mlflow, out step) || Expect(false, ref reader, "step", "expected a whole number."));
            }
            else if (mlflow && (reader.ValueTextEquals("model_id"u8) || reader.ValueTextEquals("modelId"u8)))
            {
                model = ReadText(ref reader, "metrics", metrics.Count, "model_id");
            }
            else if (mlflow && (reader.ValueTextEquals("dataset_name"u8) || reader.ValueTextEquals("datasetName"u8)))
            {
                dataset = ReadText(ref reader, "metrics", metrics.Count, "dataset_name");
            }
            else if (mlflow && (reader.ValueTextEquals("dataset_digest"u8) || reader.ValueTextEquals("datasetDigest"u8)))
            {
                digest = ReadText(ref reader, "metrics", metrics.Count, "dataset_digest");
            }
            else
            {
                SkipUnknown(ref reader, "metrics", metrics.Count);
            }
        }

        if (key < 0 || !hasValue || !hasTimestamp)
        {
            throw MlopsException.Missing($"metrics[{metrics.Count}].{(key < 0 ? "key" : !hasValue ? "value" : "timestamp")}");
        }

        if (timestamp < 0)
        {
            throw BatchLimits.BadTimestamp($"metrics[{metrics.Count}].timestamp", metrics.Keys[key], timestamp);
        }

        metrics.Add(key, value, timestamp, step);
        if (!string.IsNullOrEmpty(model))
        {
            (models ??= new ModelMetrics()).Add(model, new LoggedModelMetric(metrics.Keys[key], value, timestamp, step, null, dataset, digest));
        }
    }

    /// <summary>The key's index; -1 for an empty or absent one.</summary>
    private int ReadKey(ref Utf8JsonReader reader)
    {
        if (!ReadsValue(ref reader))
        {
            return -1;
        }

        Expect(reader.TokenType == JsonTokenType.String, ref reader, "key", "expected text.");
        if (reader is { HasValueSequence: false, ValueIsEscaped: false })
        {
            return reader.ValueSpan.IsEmpty ? -1 : metrics.Keys.IndexOf(reader.ValueSpan);
        }

        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        Expect(length <= KeyBytesMax, ref reader, "key", $"it exceeds the maximum length of {TrackingLimits.KeyLengthMax} characters.");
        Span<byte> key = stackalloc byte[KeyBytesMax];
        key = key[..reader.CopyString(key)];
        return key.IsEmpty ? -1 : metrics.Keys.IndexOf(key);
    }

    private List<Tag> ReadPairs(ref Utf8JsonReader reader, string list)
    {
        var pairs = new List<Tag>();
        if (!StartsArray(ref reader, list))
        {
            return pairs;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (pairs.Count == BatchLimits.PairsMax)
            {
                BatchLimits.Check(list, pairs.Count + CountRest(ref reader), BatchLimits.PairsMax);
            }

            pairs.Add(ReadPair(ref reader, list, pairs.Count));
        }

        return pairs;
    }

    private Tag ReadPair(ref Utf8JsonReader reader, string list, int index)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Wrong(ref reader, $"{list}[{index}]", "expected an object.");
        }

        string? key = null, value = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("key"u8))
            {
                key = ReadText(ref reader, list, index, "key");
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                value = ReadText(ref reader, list, index, "value");
            }
            else
            {
                SkipUnknown(ref reader, list, index);
            }
        }

        if (string.IsNullOrEmpty(key))
        {
            throw MlopsException.Missing($"{list}[{index}].key");
        }

        if (value is null && !mlflow)
        {
            throw MlopsException.Missing($"{list}[{index}].value");
        }

        return new Tag(key, value ?? "");
    }

    private ProducerPosition? ReadProducer(ref Utf8JsonReader reader)
    {
        if (!ReadsValue(ref reader))
        {
            return null;
        }

        Expect(reader.TokenType == JsonTokenType.StartObject, ref reader, "producer", "expected an object.", whole: true);
        string? id = null;
        long sequence = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("producerId"u8))
            {
                id = ReadText(ref reader, "producer.producerId");
            }
            else if (reader.ValueTextEquals("sequence"u8))
            {
                _ = ReadsValue(ref reader) && (JsonValues.TryReadInt64(ref reader, numberInText: false, out sequence)
                    || Expect(false, ref reader, "producer.sequence", "expected a whole number.", whole: true));
            }
            else
            {
                SkipUnknown(ref reader, "producer");
            }
        }

        return string.IsNullOrEmpty(id) || id.IsLongerThan(TrackingLimits.ProducerIdLengthMax) ? throw MlopsException.InvalidValue("producer.producerId", id, $"expected 1 to {TrackingLimits.ProducerIdLengthMax} characters.")
            : sequence < 1 ? throw MlopsException.InvalidValue("producer.sequence", sequence, "expected at least 1.")
            : new ProducerPosition(id, sequence);
    }

    private static string? ReadText(ref Utf8JsonReader reader, string path)
    {
        if (!ReadsValue(ref reader))
        {
            return null;
        }

        return reader.TokenType == JsonTokenType.String
            ? reader.GetString()
            : throw Wrong(ref reader, path, "expected text.");
    }

    private static string? ReadText(ref Utf8JsonReader reader, string list, int index, string member)
    {
        if (!ReadsValue(ref reader))
        {
            return null;
        }

        return reader.TokenType == JsonTokenType.String
            ? reader.GetString()
            : throw Wrong(ref reader, $"{list}[{index}].{member}", "expected text.");
    }

    /// <summary>Moves to a member's value; <see langword="false"/> for <c>null</c>, which means unset.</summary>
    private static bool ReadsValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType != JsonTokenType.Null;
    }

    private static bool StartsArray(ref Utf8JsonReader reader, string list)
    {
        if (!ReadsValue(ref reader))
        {
            return false;
        }

        return reader.TokenType == JsonTokenType.StartArray
            ? true
            : throw Wrong(ref reader, list, "expected an array.");
    }

    private void SkipUnknown(ref Utf8JsonReader reader, string? place, int? index = null)
    {
        if (!mlflow)
        {
            var name = place is null ? reader.GetString()! : index is null ? $"{place}.{reader.GetString()}" : $"{place}[{index}].{reader.GetString()}";
            throw MlopsException.Invalid(name, $"Unknown field '{name}'.");
        }

        reader.Read();
        reader.Skip();
    }

    private static void RequireOneForm(bool holds, string list)
    {
        if (!holds)
        {
            throw MlopsException.Invalid(list, $"{list}: points come either as metrics or as columns, and once.");
        }
    }

    /// <summary>Elements from the one that the reader stands on to the end of its list.</summary>
    private static int CountRest(ref Utf8JsonReader reader)
    {
        var count = 0;
        do
        {
            count++;
            reader.Skip();
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray);

        return count;
    }

    /// <summary>Throws unless <paramref name="holds"/>; the path is <c>metrics[i].member</c> unless <paramref name="whole"/>.</summary>
    private bool Expect(bool holds, ref Utf8JsonReader reader, string? member, string rule, bool whole = false)
    {
        if (holds)
        {
            return true;
        }

        var path = whole || member is "body" ? member! : member is null ? $"metrics[{metrics.Count}]" : $"metrics[{metrics.Count}].{member}";
        throw Wrong(ref reader, path, rule);
    }

    private static MlopsException Wrong(ref Utf8JsonReader reader, string path, string rule)
    {
        using var value = JsonDocument.ParseValue(ref reader);
        return MlopsException.InvalidValue(path, value.RootElement, rule);
    }
}

/// <summary>One <c>log-batch</c> message.</summary>
/// <param name="RunId">The run, when the message names one.</param>
/// <param name="Batch">What goes to the run.</param>
/// <param name="Models">What also goes to logged models; <see langword="null"/> when no point names one.</param>
internal readonly record struct MlflowBatch(string? RunId, RunBatch Batch, ModelMetrics? Models);
