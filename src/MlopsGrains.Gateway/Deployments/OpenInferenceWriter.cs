using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>An inference answer in JSON. Data is flat and row-major.</summary>
internal static class OpenInferenceWriter
{
    /// <summary>Writes the members of the answer's object.</summary>
    public static void Write(Utf8JsonWriter json, string model, string? id, InferenceResponse response)
    {
        json.WriteString("model_name", model);
        json.WriteString("model_version", response.ModelVersion);
        if (id is not null)
        {
            json.WriteString("id", id);
        }

        json.WriteStartArray("outputs");
        foreach (var output in response.Outputs)
        {
            json.WriteStartObject();
            json.WriteString("name", output.Name);
            json.WriteString("datatype", output.Datatype);
            json.WriteStartArray("shape");
            foreach (var size in output.Shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            WriteData(json, output);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteData(Utf8JsonWriter json, Tensor tensor)
    {
        json.WriteStartArray("data");
        switch (tensor.Data)
        {
            case float[] values:
                Array.ForEach(values, v => json.WriteNumberValue(float.IsFinite(v) ? v : throw NoJsonForm(tensor.Name, v)));
                break;
            case double[] values:
                Array.ForEach(values, v => json.WriteNumberValue(double.IsFinite(v) ? v : throw NoJsonForm(tensor.Name, v)));
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
                throw new NotSupportedException($"Tensor '{tensor.Name}' holds {tensor.Data.GetType().Name}.");
        }

        json.WriteEndArray();
    }

    private static MlopsException NoJsonForm(string output, double value) =>
        new(ErrorKind.Unprocessable, FormattableString.Invariant($"output '{output}' holds {value}, which JSON has no number for."), output);
}
