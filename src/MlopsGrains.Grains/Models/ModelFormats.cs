namespace MlopsGrains.Grains.Models;

/// <summary>How a version's files are read.</summary>
public static class ModelFormats
{
    /// <summary>A zip as <c>MLContext.Model.Save</c> writes it.</summary>
    public const string MlNet = "mlnet";

    /// <summary>Known by its source only; tracking clients load it, the platform cannot.</summary>
    public const string Mlflow = "mlflow";

    /// <summary>What can be scored.</summary>
    public static IReadOnlyList<string> All { get; } = [MlNet];
}
