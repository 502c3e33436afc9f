using System.Buffers;
using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>An inference request as it came.</summary>
internal sealed record OpenInferenceRequest(string? Id, InferenceRequest Inference);

/// <summary>Reads an inference request in JSON: members in any order, unknown ones ignored, data nested or flat.</summary>
internal static class OpenInferenceReader
{
    public const string NoBinary = "The binary_tensor_data extension is not supported here; send data as JSON.";

    private const int RankMax = 8;

    public static OpenInferenceRequest Read(ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(BareNumbers.Quote(body));
        try
        {
            return ReadRequest(ref reader);
        }
        catch (InvalidOperationException)
        {
            // How the JSON reader refuses text that is no valid Unicode.
            throw MlopsException.Invalid("body", $"The body holds text that is not valid Unicode, near byte {reader.BytesConsumed}.");
        }
    }

    private static OpenInferenceRequest ReadRequest(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(reader.TokenType == JsonTokenType.StartObject, "body", "The body must be a JSON object.");
        string? id = null;
        List<Tensor>? inputs = null;
        List<string>? outputs = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var member = reader.GetString();
            reader.Read();
            switch (member)
            {
                case "id":
                    id = TextOrNull(ref reader, "id");
                    break;
                case "parameters":
                    ReadParameters(ref reader, "parameters");
                    break;
                case "inputs":
                    inputs = ReadInputs(ref reader);
                    break;
                case "outputs" when reader.TokenType != JsonTokenType.Null:
                    outputs = ReadOutputs(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // A second value after the object is refused by the reader here.
        reader.Read();
        return inputs is null
            ? throw MlopsException.Invalid("inputs", "inputs is required.")
            : new OpenInferenceRequest(id, new InferenceRequest(inputs, outputs));
    }

    private static List<Tensor> ReadInputs(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, "inputs", "inputs must be a list of tensors.");
        var inputs = new List<Tensor>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(inputs.Count < RegistryLimits.TensorsMax, "inputs", $"inputs has more than {RegistryLimits.TensorsMax} tensors.");
            inputs.Add(ReadInput(ref reader, $"inputs[{inputs.Count}]"));
        }

        return inputs;
    }

    private static Tensor ReadInput(ref Utf8JsonReader reader, string field)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, field, $"{field} must be an object.");
        string? name = null, datatype = null;
        long[]? shape = null;
        var parameters = new TensorParameters(false, false);
        var hasData = false;
        Utf8JsonReader data = default;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var member = reader.GetString();
            reader.Read();
            switch (member)
            {
                case "name":
                    name = Text(ref reader, $"{field}.name");
                    break;
                case "datatype":
                    datatype = Text(ref reader, $"{field}.datatype");
                    break;
                case "shape":
                    shape = ReadShape(ref reader, $"{field}.shape");
                    break;
                case "parameters":
                    parameters = ReadParameters(ref reader, $"{field}.parameters");
                    break;
                case "data":
                    // Datatype and shape may come later; the place is kept and read then.
                    data = reader;
                    hasData = true;
                    reader.Skip();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Expect(name is not null, $"{field}.name", $"{field}.name is required.");
        Expect(datatype is not null, $"{field}.datatype", $"{field}.datatype is required.");
        Expect(shape is not null, $"{field}.shape", $"{field}.shape is required.");
        if (parameters.Binary)
        {
            throw new MlopsException(ErrorKind.NotSupported, NoBinary, $"{field}.parameters.binary_data_size");
        }

        Expect(hasData, $"{field}.data", $"{field}.data is required.");
        var values = OpenInferenceData.Read(ref data, name!, datatype!, shape!, parameters.Base64, $"{field}.data");
        return new Tensor(name!, datatype == "BOOL" && values is string[] ? "BYTES" : datatype!, shape!, values);
    }

    private static List<string> ReadOutputs(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, "outputs", "outputs must be a list.");
        var outputs = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var field = $"outputs[{outputs.Count}]";
            Expect(outputs.Count < RegistryLimits.TensorsMax, "outputs", $"outputs has more than {RegistryLimits.TensorsMax} entries.");
            Expect(reader.TokenType == JsonTokenType.StartObject, field, $"{field} must be an object with a name.");
            string? name = null;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var member = reader.GetString();
                reader.Read();
                switch (member)
                {
                    case "name":
                        name = Text(ref reader, $"{field}.name");
                        break;
                    case "parameters":
                        ReadParameters(ref reader, $"{field}.parameters");
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            outputs.Add(name ?? throw MlopsException.Invalid($"{field}.name", $"{field}.name is required."));
        }

        return outputs;
    }

    private static long[] ReadShape(ref Utf8JsonReader reader, string field)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, field, $"{field} must be a list of whole numbers.");
        var shape = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(shape.Count < RankMax, field, $"{field} has more than {RankMax} dimensions.");
            shape.Add(reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var size) && size >= 0
                ? size
                : throw MlopsException.Invalid($"{field}[{shape.Count}]", $"{field}[{shape.Count}] must be a whole number, not negative."));
        }

        return [.. shape];
    }

    /// <summary>Parameters are ignored but for those that ask for binary data, which is refused, and the encoding of texts.</summary>
    private static TensorParameters ReadParameters(ref Utf8JsonReader reader, string field)
    {
        var parameters = new TensorParameters(false, false);
        if (reader.TokenType == JsonTokenType.Null)
        {
            return parameters;
        }

        Expect(reader.TokenType == JsonTokenType.StartObject, field, $"{field} must be an object.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var member = reader.GetString();
            reader.Read();
            switch (member)
            {
                case "binary_data_output" or "binary_data" when reader.TokenType == JsonTokenType.True:
                    throw new MlopsException(ErrorKind.NotSupported, NoBinary, $"{field}.{member}");
                case "binary_data_size":
                    parameters = parameters with { Binary = true };
                    break;
                case "content_type" when reader.TokenType == JsonTokenType.String:
                    parameters = parameters with { Base64 = reader.ValueTextEquals("base64"u8) };
                    break;
            }

            Expect(reader.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False, $"{field}.{member}", $"{field}.{member} must be a text, number or boolean.");
        }

        return parameters;
    }

    private static string? TextOrNull(ref Utf8JsonReader reader, string field) => reader.TokenType == JsonTokenType.Null ? null : Text(ref reader, field);

    private static string Text(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw MlopsException.Invalid(field, $"{field} must be a text.");

    private static void Expect(bool holds, string field, string message)
    {
        if (!holds)
        {
            throw MlopsException.Invalid(field, message);
        }
    }

    private readonly record struct TensorParameters(bool Binary, bool Base64);
}
