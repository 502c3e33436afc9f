namespace MlopsGrains.Grains.Models;

/// <summary>The data types of the Open Inference Protocol that travel here.</summary>
public static class TensorTypes
{
    public const string Fp32 = "FP32";
    public const string Fp64 = "FP64";
    public const string Bool = "BOOL";
    public const string Bytes = "BYTES";

    public static IReadOnlySet<string> All { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        Bool, "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", Fp32, Fp64, Bytes,
    };
}
