using System.Buffers;
using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>An inference request as it came.</summary>
internal sealed record OpenInferenceRequest(string? Id, InferenceRequest Inference);

/// <summary>Reads an inference request in JSON: members in any order, unknown ones ignored, data nested or flat.</summary>
internal static class OpenInferenceReader
{
    public const string NoBinary = "The binary_tensor_data extension is not supported here; send data as JSON.";

    private const int RankMax = 8;

    private const int Id = 0, Parameters = 1, Inputs = 2, Outputs = 3;
    private const int Name = 0, Shape = 1, Datatype = 2, TensorParameters = 3, Data = 4;

    private static readonly JsonMembers Request = JsonMembers.Of("id", "parameters", "inputs", "outputs");
    private static readonly JsonMembers Input = JsonMembers.Of("name", "shape", "datatype", "parameters", "data");

    public static OpenInferenceRequest Read(ReadOnlySequence<byte> body) =>
        JsonReader.Read(BareNumbers.Quote(body), JsonRules.OpenInference, true, static (ref JsonReader json, bool _) => ReadRequest(ref json));

    private static OpenInferenceRequest ReadRequest(ref JsonReader json)
    {
        string? id = null;
        List<Tensor>? inputs = null;
        List<string>? outputs = null;
        var at = json.Object(Request);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Id:
                    id = json.Text();
                    break;
                case Parameters:
                    ReadParameters(ref json);
                    break;
                case Inputs:
                    inputs = ReadInputs(ref json);
                    break;
                case Outputs:
                    outputs = ReadOutputs(ref json);
                    break;
            }
        }

        return new OpenInferenceRequest(id, new InferenceRequest(inputs ?? throw json.Missing("inputs"), outputs));
    }

    private static List<Tensor> ReadInputs(ref JsonReader json)
    {
        var inputs = new List<Tensor>();
        json.Array();
        while (json.NextItem())
        {
            inputs.Add(inputs.Count < RegistryLimits.TensorsMax ? ReadInput(ref json) : throw MlopsException.Invalid("inputs", $"inputs has more than {RegistryLimits.TensorsMax} tensors."));
        }

        return inputs;
    }

    private static Tensor ReadInput(ref JsonReader json)
    {
        string? name = null, datatype = null;
        long[]? shape = null;
        var (isBinary, isBase64, hasData) = (false, false, false);
        JsonReader data = default;
        var at = json.Object(Input);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Name:
                    name = json.Text();
                    break;
                case Shape:
                    shape = ReadShape(ref json);
                    break;
                case Datatype:
                    datatype = json.Text();
                    break;
                case TensorParameters:
                    (isBinary, isBase64) = ReadParameters(ref json);
                    break;
                case Data:
                    // Datatype and shape may come later; the place is kept and read then.
                    data = json;
                    hasData = true;
                    json.Skip();
                    break;
            }
        }

        if (name is null || shape is null || datatype is null)
        {
            throw json.Missing(name is null ? "name" : datatype is null ? "datatype" : "shape");
        }

        if (isBinary)
        {
            throw new MlopsException(ErrorKind.NotSupported, NoBinary, json.PathOf("parameters.binary_data_size"));
        }

        if (!hasData)
        {
            throw json.Missing("data");
        }

        var values = OpenInferenceData.Read(ref data, name, datatype, shape, isBase64);
        return new Tensor(name, datatype == "BOOL" && values is string[] ? "BYTES" : datatype, shape, values);
    }

    private static List<string> ReadOutputs(ref JsonReader json)
    {
        var outputs = new List<string>();
        json.Array();
        while (json.NextItem())
        {
            outputs.Add(outputs.Count < RegistryLimits.TensorsMax ? ReadOutput(ref json) : throw MlopsException.Invalid("outputs", $"outputs has more than {RegistryLimits.TensorsMax} entries."));
        }

        return outputs;
    }

    private static string ReadOutput(ref JsonReader json)
    {
        string? name = null;
        var at = json.Object(Input);
        while (json.Next(ref at, out var member))
        {
            switch (member)
            {
                case Name:
                    name = json.Text();
                    break;
                case TensorParameters:
                    ReadParameters(ref json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return name ?? throw json.Missing("name");
    }

    private static long[] ReadShape(ref JsonReader json)
    {
        var shape = new List<long>();
        json.Array();
        while (json.NextItem())
        {
            if (shape.Count == RankMax)
            {
                throw json.Wrong($"expected at most {RankMax} dimensions.");
            }

            shape.Add(json.TryInt64(out var size) && size >= 0 ? size : throw json.Wrong("expected a whole number, not negative."));
        }

        return [.. shape];
    }

    /// <summary>Parameters are ignored but for those that ask for binary data, which is refused, and the encoding of texts.</summary>
    private static (bool IsBinary, bool IsBase64) ReadParameters(ref JsonReader json)
    {
        var (isBinary, isBase64) = (false, false);
        json.Map();
        while (json.NextEntry(out var name))
        {
            if (json.Kind is JsonTokenType.StartArray or JsonTokenType.StartObject or JsonTokenType.Null)
            {
                throw json.Wrong("expected a text, number or boolean.");
            }

            switch (name)
            {
                case "binary_data_size":
                    isBinary = true;
                    break;
                case "binary_data" or "binary_data_output" when json.Kind == JsonTokenType.True:
                    throw new MlopsException(ErrorKind.NotSupported, NoBinary, json.Path);
                case "content_type" when json.Kind == JsonTokenType.String:
                    isBase64 = json.Text() == "base64";
                    break;
            }
        }

        return (isBinary, isBase64);
    }
}
