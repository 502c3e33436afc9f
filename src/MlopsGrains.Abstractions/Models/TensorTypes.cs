namespace MlopsGrains.Models;

/// <summary>The data types of the Open Inference Protocol that travel here.</summary>
public static class TensorTypes
{
    /// <summary>A number of 32 bits.</summary>
    public const string Fp32 = "FP32";

    /// <summary>A number of 64 bits.</summary>
    public const string Fp64 = "FP64";

    /// <summary>A truth value.</summary>
    public const string Bool = "BOOL";

    /// <summary>A text.</summary>
    public const string Bytes = "BYTES";

    /// <summary>Every one of them.</summary>
    public static IReadOnlySet<string> All { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        Bool, "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", Fp32, Fp64, Bytes,
    };
}
