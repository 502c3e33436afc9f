using System.Globalization;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Client;

/// <summary>Columns of rows as tensors of shape <c>[rows]</c>, and back.</summary>
public static class Columns
{
    /// <summary>A column of 32-bit numbers (<c>FP32</c>); NaN is a missing one.</summary>
    public static Tensor Of(string name, params float[] values) => Column(name, "FP32", values);

    /// <summary>A column of 64-bit numbers (<c>FP64</c>); NaN is a missing one.</summary>
    public static Tensor Of(string name, params double[] values) => Column(name, "FP64", values);

    /// <summary>A column of whole numbers (<c>INT64</c>).</summary>
    public static Tensor Of(string name, params long[] values) => Column(name, "INT64", values);

    /// <summary>A column of truth values (<c>BOOL</c>).</summary>
    public static Tensor Of(string name, params bool[] values) => Column(name, "BOOL", values);

    /// <summary>A column of texts (<c>BYTES</c>); <c>""</c> is a missing one. For an input of truth values also <c>"true"</c> and <c>"false"</c>.</summary>
    public static Tensor Of(string name, params string[] values) => Column(name, "BYTES", values);

    /// <summary>The answer's output of that name; throws <see cref="ErrorKind.NotFound"/> naming those that are there.</summary>
    public static Tensor Output(this InferenceResponse response, string name)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Outputs.FirstOrDefault(o => o.Name == name)
            ?? throw new MlopsException(ErrorKind.NotFound, $"output '{name}' not found; the answer holds {string.Join(", ", response.Outputs.Select(o => o.Name))}.", name);
    }

    /// <summary>The tensor's elements as doubles, row-major; throws <see cref="ErrorKind.InvalidInput"/> for texts.</summary>
    public static double[] ToDoubles(this Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Data switch
        {
            float[] v => Array.ConvertAll(v, x => (double)x),
            double[] v => v,

            // To the runtime a ulong[] is a long[] too, so it has to be asked exactly and first.
            ulong[] v when v.GetType() == typeof(ulong[]) => Array.ConvertAll(v, x => (double)x),
            long[] v => Array.ConvertAll(v, x => (double)x),
            bool[] v => Array.ConvertAll(v, x => x ? 1.0 : 0.0),
            _ => throw MlopsException.Invalid(tensor.Name, $"tensor '{tensor.Name}' holds {tensor.Datatype}, which is not a number."),
        };
    }

    /// <summary>The tensor's elements as texts in the invariant culture, row-major.</summary>
    public static string[] ToTexts(this Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Data as string[] ?? [.. ((Array)tensor.Data).Cast<object>().Select(x => Convert.ToString(x, CultureInfo.InvariantCulture)!)];
    }

    private static Tensor Column(string name, string datatype, Array values)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(values);
        return new Tensor(name, datatype, [values.Length], values);
    }
}
