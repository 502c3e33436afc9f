namespace MlopsGrains.Models;

/// <summary>What goes in and comes out of a model.</summary>
/// <param name="Inputs">Columns to send.</param>
/// <param name="Outputs">Columns that come back.</param>
/// <param name="Classes">The labels' texts; binary: negative, positive; multiclass: in the order of the scores. <see langword="null"/> when the model names them itself.</param>
[GenerateSerializer, Immutable, Alias("mlops.ModelSignature")]
public sealed record ModelSignature(
    [property: Id(0)] IReadOnlyList<TensorSpec> Inputs,
    [property: Id(1)] IReadOnlyList<TensorSpec> Outputs,
    [property: Id(2)] IReadOnlyList<string>? Classes = null);

/// <summary>One input or output, in the words of the Open Inference Protocol.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Datatype"><c>FP32</c>, <c>INT64</c>, <c>BYTES</c> …</param>
/// <param name="Shape">−1 for a variable dimension; the first is the batch.</param>
[GenerateSerializer, Immutable, Alias("mlops.TensorSpec")]
public sealed record TensorSpec([property: Id(0)] string Name, [property: Id(1)] string Datatype, [property: Id(2)] IReadOnlyList<long> Shape);
