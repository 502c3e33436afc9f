using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Whether a request fits a model's signature. A refusal names the tensor, what was expected and what came.</summary>
internal static class RequestRules
{
    public const int RowsMax = 100_000;

    /// <summary>The number of rows to score.</summary>
    public static int Check(ModelSignature signature, InferenceRequest request)
    {
        if (request.Inputs is null or { Count: 0 })
        {
            throw MlopsException.Invalid("inputs", "inputs is required: one tensor for each input of the model.");
        }

        var specs = signature.Inputs.ToDictionary(i => i.Name, StringComparer.Ordinal);
        long? rows = null;
        var given = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < request.Inputs.Count; i++)
        {
            var tensor = request.Inputs[i] ?? throw MlopsException.Invalid($"inputs[{i}]", $"inputs[{i}] is required.");
            if (tensor.Name is null || !specs.TryGetValue(tensor.Name, out var spec))
            {
                throw MlopsException.Invalid($"inputs[{i}].name", $"input '{tensor.Name}' is unknown; the model takes {Listed(signature.Inputs)}.");
            }

            if (!given.Add(tensor.Name))
            {
                throw MlopsException.Invalid($"inputs[{i}].name", $"input '{tensor.Name}' is given twice.");
            }

            if (tensor.Datatype != spec.Datatype && !IsTruthAsText(tensor, spec))
            {
                throw MlopsException.Invalid($"inputs[{i}].datatype", $"input '{tensor.Name}' has datatype {tensor.Datatype}; expected {spec.Datatype}.");
            }

            var count = Rows(tensor, spec, i);
            if (rows is { } others && others != count)
            {
                throw MlopsException.Invalid($"inputs[{i}].shape", $"input '{tensor.Name}' has {count} rows; the inputs before it have {others}.");
            }

            rows = count;
            CheckData(tensor, spec, i);
        }

        var absent = given.Count == specs.Count ? [] : signature.Inputs.Where(s => !given.Contains(s.Name) && !CanBeMissing(s)).ToList();
        return absent.Count == 0 ? (int)rows!.Value : throw MlopsException.Invalid("inputs", $"input {Listed(absent)} is missing.");
    }

    /// <summary>Truth values that came as texts in one spelling, whatever their letters' case, so that who scores and who counts see one value.</summary>
    public static InferenceRequest WithPlainTruths(ModelSignature signature, InferenceRequest request) =>
        request.Inputs.Any(t => t.Datatype == TensorTypes.Bytes && signature.Inputs.Any(s => s.Name == t.Name && IsTruthAsText(t, s)))
            ? request with { Inputs = [.. request.Inputs.Select(t => signature.Inputs.Any(s => s.Name == t.Name && IsTruthAsText(t, s)) ? t with { Data = Array.ConvertAll((string?[])t.Data, Plain) } : t)] }
            : request;

    /// <summary>A score that is not finite is not an answer, and nobody is to count it as one.</summary>
    public static void CheckFinite(IReadOnlyList<Tensor> outputs)
    {
        foreach (var output in outputs)
        {
            if (output.Data is float[] scores && Array.FindIndex(scores, s => !float.IsFinite(s)) is >= 0 and var at)
            {
                throw new MlopsException(
                    ErrorKind.Unprocessable,
                    FormattableString.Invariant($"output '{output.Name}' holds {scores[at]}, which JSON has no number for; ask for other outputs or send inputs nearer to what the model learned from."),
                    output.Name);
            }
        }
    }

    /// <summary>The outputs that are asked for, in the order asked; all when none is named.</summary>
    public static IReadOnlyList<Tensor> Select(IReadOnlyList<Tensor> outputs, IReadOnlyList<string>? names) =>
        names is null or { Count: 0 } ? outputs : [.. names.Select(n => outputs.First(o => o.Name == n))];

    public static void CheckOutputs(ModelSignature signature, IReadOnlyList<string>? names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names?.Count; i++)
        {
            if (!signature.Outputs.Any(o => o.Name == names[i]))
            {
                throw MlopsException.Invalid($"outputs[{i}].name", $"output '{names[i]}' is unknown; the model gives {Listed(signature.Outputs)}.");
            }

            if (!seen.Add(names[i]))
            {
                throw MlopsException.Invalid($"outputs[{i}].name", $"output '{names[i]}' is asked for twice.");
            }
        }
    }

    private static long Rows(Tensor tensor, TensorSpec spec, int i)
    {
        var width = Width(spec);
        if (tensor.Shape is not { Length: 1 or 2 } shape || shape[0] < 0 || (shape.Length == 1 ? width != 1 : shape[1] != width))
        {
            var found = tensor.Shape is null ? "none" : $"[{string.Join(',', tensor.Shape)}]";
            throw MlopsException.Invalid($"inputs[{i}].shape", $"input '{tensor.Name}' has shape {found}; expected [rows,{width}]{(width == 1 ? " or [rows]" : "")}.");
        }

        return shape[0] <= RowsMax
            ? shape[0]
            : throw MlopsException.Invalid($"inputs[{i}].shape", $"input '{tensor.Name}' has {shape[0]} rows; at most {RowsMax} a request.");
    }

    private static void CheckData(Tensor tensor, TensorSpec spec, int i)
    {
        // Asked by exact type: to the runtime a ulong[] is a long[] too.
        var fits = tensor.Data?.GetType() == ArrayOf(tensor.Datatype);
        var expected = tensor.Shape[0] * Width(spec);
        if (!fits || ((Array)tensor.Data!).LongLength != expected)
        {
            var found = tensor.Data is Array data ? $"{data.LongLength} elements of {data.GetType().GetElementType()?.Name}" : "none";
            throw MlopsException.Invalid($"inputs[{i}].data", $"input '{tensor.Name}' needs {expected} elements of {tensor.Datatype}; found {found}.");
        }

        if (IsTruthAsText(tensor, spec) && Array.FindIndex((string?[])tensor.Data, t => !string.IsNullOrWhiteSpace(t) && !CsvValue.TryBoolean(t, out _)) is >= 0 and var at)
        {
            throw MlopsException.Invalid($"inputs[{i}].data[{at}]", $"input '{tensor.Name}': element {at} is '{((string[])tensor.Data)[at]}'; expected true or false, or \"\" for a missing one.");
        }

        if (tensor is { Datatype: "INT32", Data: long[] numbers } && numbers.AsSpan().ContainsAnyExceptInRange((long)int.MinValue, int.MaxValue))
        {
            throw MlopsException.Invalid($"inputs[{i}].data", $"input '{tensor.Name}' holds a number beyond INT32.");
        }
    }

    /// <summary>One value a row that has a way to be missing: NaN, an empty text.</summary>
    private static bool CanBeMissing(TensorSpec spec) => Width(spec) == 1 && spec.Datatype is TensorTypes.Fp32 or TensorTypes.Fp64 or TensorTypes.Bytes or TensorTypes.Bool;

    private static bool IsTruthAsText(Tensor tensor, TensorSpec spec) => spec.Datatype == TensorTypes.Bool && tensor.Datatype == TensorTypes.Bytes;

    private static string Plain(string? text) => string.IsNullOrWhiteSpace(text) ? "" : Truths.Plain(text);

    private static Type ArrayOf(string datatype) => datatype switch
    {
        "FP32" => typeof(float[]),
        "FP64" => typeof(double[]),
        "BOOL" => typeof(bool[]),
        "BYTES" => typeof(string[]),
        _ when datatype.StartsWith("UINT", StringComparison.Ordinal) => typeof(ulong[]),
        _ => typeof(long[]),
    };

    private static long Width(TensorSpec spec) => spec.Shape.Count == 2 ? spec.Shape[1] : 1;

    private static string Listed(IEnumerable<TensorSpec> tensors)
    {
        var names = tensors.Select(t => $"'{t.Name}'").ToList();
        return names.Count <= 20 ? string.Join(", ", names) : string.Join(", ", names.Take(20)) + $" and {names.Count - 20} more";
    }
}
