using System.Buffers;
using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Client.Deployments;

/// <summary>The Open Inference Protocol's JSON to and from the platform's tensors.</summary>
internal static class OpenInferenceJson
{
    public static byte[] Write(InferenceRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("inputs");
        for (var i = 0; i < request.Inputs.Count; i++)
        {
            Write(json, request.Inputs[i], $"inputs[{i}]");
        }

        json.WriteEndArray();
        if (request.Outputs is { Count: > 0 } outputs)
        {
            json.WriteStartArray("outputs");
            foreach (var output in outputs)
            {
                json.WriteStartObject();
                json.WriteString("name", output);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static InferenceResponse ReadResponse(JsonElement answer)
    {
        try
        {
            var version = answer.TryGetProperty("model_version", out var v) ? v.GetString() : null;
            return new InferenceResponse(version ?? "", [.. answer.GetProperty("outputs").EnumerateArray().Select(ReadTensor)]);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new MlopsException(ErrorKind.NotSupported, $"The inference answer is not what this client version expects: {e.Message}");
        }
    }

    private static void Write(Utf8JsonWriter json, Tensor tensor, string field)
    {
        json.WriteStartObject();
        json.WriteString("name", tensor.Name);
        json.WriteString("datatype", tensor.Datatype);
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartArray("data");
        switch (tensor.Data)
        {
            case float[] values:
                Array.ForEach(values, x => WriteNumber(x, float.IsNaN(x), () => json.WriteNumberValue(x)));
                break;
            case double[] values:
                Array.ForEach(values, x => WriteNumber(x, double.IsNaN(x), () => json.WriteNumberValue(x)));
                break;

            // To the runtime a ulong[] is a long[] too, so it has to be asked exactly and first.
            case ulong[] values when values.GetType() == typeof(ulong[]):
                Array.ForEach(values, json.WriteNumberValue);
                break;
            case long[] values:
                Array.ForEach(values, json.WriteNumberValue);
                break;
            case bool[] values:
                Array.ForEach(values, json.WriteBooleanValue);
                break;
            case string[] values:
                Array.ForEach(values, json.WriteStringValue);
                break;
            default:
                throw MlopsException.Invalid($"{field}.data", $"{field}.data must be float[], double[], long[], ulong[], bool[] or string[].");
        }

        json.WriteEndArray();
        json.WriteEndObject();

        // NaN is how a floating tensor says "missing"; the protocol's word for it in JSON is null.
        void WriteNumber(double x, bool missing, Action write)
        {
            if (missing)
            {
                json.WriteNullValue();
            }
            else if (double.IsInfinity(x))
            {
                throw NoJsonForm(field, x);
            }
            else
            {
                write();
            }
        }
    }

    private static MlopsException NoJsonForm(string field, double value) =>
        MlopsException.Invalid($"{field}.data", FormattableString.Invariant($"{field}.data holds {value}, which JSON cannot say; send a finite number, or NaN for a missing one."));

    private static Tensor ReadTensor(JsonElement tensor)
    {
        var datatype = tensor.GetProperty("datatype").GetString() ?? "";
        var elements = Flat(tensor.GetProperty("data"));
        object data = datatype switch
        {
            "FP32" => elements.Select(e => e.GetSingle()).ToArray(),
            "FP64" => elements.Select(e => e.GetDouble()).ToArray(),
            "BOOL" => elements.Select(e => e.GetBoolean()).ToArray(),
            "BYTES" => elements.Select(e => e.GetString() ?? "").ToArray(),
            _ when datatype.StartsWith("INT", StringComparison.Ordinal) => elements.Select(e => e.GetInt64()).ToArray(),
            _ when datatype.StartsWith("UINT", StringComparison.Ordinal) => elements.Select(e => e.GetUInt64()).ToArray(),
            _ => throw new FormatException($"datatype '{datatype}' has no JSON form."),
        };
        return new Tensor(
            tensor.GetProperty("name").GetString() ?? "",
            datatype,
            [.. tensor.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())],
            data);
    }

    private static IEnumerable<JsonElement> Flat(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().SelectMany(Flat) : [element];
}
