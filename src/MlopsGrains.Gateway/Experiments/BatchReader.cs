using System.Buffers;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Limits;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// Reads a batch of params, metrics and tags from the request's own bytes. This is the hot path of the tracking door: nothing is allocated per metric point.
/// Two dialects share it, MLflow's and the native one; <see cref="JsonRules"/> says how they differ, and the members that each has.
/// </summary>
internal sealed class BatchReader : IDisposable
{
    /// <summary>Each character possibly two escapes of six bytes.</summary>
    private const int KeyBytesMax = TrackingLimits.KeyLengthMax * 12;

    private const int Metrics = 0, Params = 1, Tags = 2, Columns = 3, Producer = 4;
    private const int RunId = 3, RunUuid = 4;
    private const int Key = 0, Value = 1, Timestamp = 2, Step = 3, ModelId = 4, DatasetName = 5, DatasetDigest = 6;
    private const int ProducerId = 0, Sequence = 1;

    private static readonly JsonMembers NativeBatch = JsonMembers.Of("metrics", "params", "tags", "columns", "producer");
    private static readonly JsonMembers MlflowMessage = JsonMembers.Snake("metrics", "params", "tags", "run_id", "run_uuid");
    private static readonly JsonMembers NativeMetric = JsonMembers.Of("key", "value", "timestamp", "step");
    private static readonly JsonMembers MlflowMetric = JsonMembers.Snake("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest");
    private static readonly JsonMembers Pair = JsonMembers.Of("key", "value");
    private static readonly JsonMembers Position = JsonMembers.Of("producerId", "sequence");

    private readonly bool mlflow;
    private readonly MetricColumnsBuilder metrics = new(BatchLimits.MetricsMax);
    private List<Tag> parameters = [];
    private List<Tag> tags = [];
    private ModelMetrics? models;
    private ProducerPosition? producer;
    private string? runId;
    private string? runUuid;

    private BatchReader(bool mlflow) => this.mlflow = mlflow;

    /// <summary>Reads MLflow's <c>log-batch</c> message; the run id may be missing in it.</summary>
    public static MlflowBatch ReadMlflow(ReadOnlySequence<byte> body) => Read(body, mlflow: true);

    /// <summary>Reads the native batch.</summary>
    public static RunBatch ReadNative(ReadOnlySequence<byte> body) => Read(body, mlflow: false).Batch;

    public void Dispose() => metrics.Dispose();

    private static MlflowBatch Read(in ReadOnlySequence<byte> body, bool mlflow)
    {
        using var batch = new BatchReader(mlflow);
        return JsonReader.Read(body, mlflow ? JsonRules.Mlflow : JsonRules.Native, batch, static (ref JsonReader json, BatchReader reader) => reader.ReadMessage(ref json));
    }

    private MlflowBatch ReadMessage(ref JsonReader json)
    {
        var at = json.Object(mlflow ? MlflowMessage : NativeBatch);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Metrics:
                    ReadMetrics(ref json);
                    break;
                case Params:
                    parameters = ReadPairs(ref json, "params");
                    break;
                case Tags:
                    tags = ReadPairs(ref json, "tags");
                    break;
                case RunId when mlflow:
                    runId = json.Text();
                    break;
                case RunUuid when mlflow:
                    runUuid = json.Text();
                    break;
                case Columns:
                    RequireOneForm("columns");
                    MetricColumnsReader.Read(ref json, metrics);
                    break;
                case Producer:
                    producer = ReadProducer(ref json);
                    break;
            }
        }

        BatchLimits.CheckTotal(metrics.Count + parameters.Count + tags.Count);
        return new MlflowBatch(string.IsNullOrEmpty(runId) ? runUuid : runId, new RunBatch(metrics.Build(), parameters, tags, producer), models);
    }

    private void ReadMetrics(ref JsonReader json)
    {
        if (!mlflow)
        {
            RequireOneForm("metrics");
        }

        metrics.Clear();
        models = null;
        json.Array();
        while (json.NextItem())
        {
            if (metrics.Count == BatchLimits.MetricsMax)
            {
                BatchLimits.Check("metrics", metrics.Count + json.CountItems(), BatchLimits.MetricsMax);
            }

            ReadMetric(ref json);
        }
    }

    private void ReadMetric(ref JsonReader json)
    {
        var (key, value, timestamp, step) = (-1, 0d, 0L, 0L);
        var (hasValue, hasTimestamp) = (false, false);
        (string? model, string? dataset, string? digest) = (null, null, null);
        var at = json.Object(mlflow ? MlflowMetric : NativeMetric);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Key:
                    key = ReadKey(ref json);
                    break;
                case Value:
                    value = json.Double();
                    hasValue = true;
                    break;
                case Timestamp:
                    timestamp = json.Int64("expected a whole number of milliseconds.");
                    hasTimestamp = true;
                    break;
                case Step:
                    step = json.Int64();
                    break;
                case ModelId:
                    model = json.Text();
                    break;
                case DatasetName:
                    dataset = json.Text();
                    break;
                case DatasetDigest:
                    digest = json.Text();
                    break;
            }
        }

        if (key < 0 || !hasValue || !hasTimestamp)
        {
            throw json.Missing(key < 0 ? "key" : !hasValue ? "value" : "timestamp");
        }

        if (timestamp < 0)
        {
            throw BatchLimits.BadTimestamp(json.PathOf("timestamp"), metrics.Keys[key], timestamp);
        }

        metrics.Add(key, value, timestamp, step);
        if (!string.IsNullOrEmpty(model))
        {
            (models ??= new ModelMetrics()).Add(model, new LoggedModelMetric(metrics.Keys[key], value, timestamp, step, null, dataset, digest));
        }
    }

    /// <summary>The key's index; -1 for an empty one.</summary>
    private int ReadKey(ref JsonReader json)
    {
        ref var token = ref json.Tokens;
        if (token.TokenType != JsonTokenType.String)
        {
            throw json.Wrong("expected text.");
        }

        if (token is { HasValueSequence: false, ValueIsEscaped: false })
        {
            return token.ValueSpan.IsEmpty ? -1 : metrics.Keys.IndexOf(token.ValueSpan);
        }

        if ((token.HasValueSequence ? token.ValueSequence.Length : token.ValueSpan.Length) > KeyBytesMax)
        {
            throw json.Wrong($"it exceeds the maximum length of {TrackingLimits.KeyLengthMax} characters.");
        }

        Span<byte> key = stackalloc byte[KeyBytesMax];
        key = key[..token.CopyString(key)];
        return key.IsEmpty ? -1 : metrics.Keys.IndexOf(key);
    }

    private List<Tag> ReadPairs(ref JsonReader json, string list)
    {
        var pairs = new List<Tag>();
        json.Array();
        while (json.NextItem())
        {
            if (pairs.Count == BatchLimits.PairsMax)
            {
                BatchLimits.Check(list, pairs.Count + json.CountItems(), BatchLimits.PairsMax);
            }

            pairs.Add(ReadPair(ref json));
        }

        return pairs;
    }

    private Tag ReadPair(ref JsonReader json)
    {
        string? key = null, value = null;
        var at = json.Object(Pair);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Key:
                    key = json.Text();
                    break;
                case Value:
                    value = json.Text();
                    break;
            }
        }

        return string.IsNullOrEmpty(key) ? throw json.Missing("key")
            : value is null && !mlflow ? throw json.Missing("value")
            : new Tag(key, value ?? "");
    }

    private static ProducerPosition ReadProducer(ref JsonReader json)
    {
        string? id = null;
        long sequence = 0;
        var at = json.Object(Position);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case ProducerId:
                    id = json.Text();
                    break;
                case Sequence:
                    sequence = json.Int64();
                    break;
            }
        }

        Limit.Text(json.PathOf("producerId"), id, TrackingLimits.ProducerIdLengthMax);
        return sequence >= 1 ? new ProducerPosition(id!, sequence) : throw MlopsException.InvalidValue(json.PathOf("sequence"), sequence, "expected at least 1.");
    }

    /// <summary>The native door has two forms for points; one instead of the other, not beside it.</summary>
    private void RequireOneForm(string list)
    {
        if (metrics.Count > 0)
        {
            throw MlopsException.Invalid(list, $"{list}: points come either as metrics or as columns, and once.");
        }
    }
}

/// <summary>One <c>log-batch</c> message.</summary>
/// <param name="RunId">The run, when the message names one.</param>
/// <param name="Batch">What goes to the run.</param>
/// <param name="Models">What also goes to logged models; <see langword="null"/> when no point names one.</param>
internal readonly record struct MlflowBatch(string? RunId, RunBatch Batch, ModelMetrics? Models);
