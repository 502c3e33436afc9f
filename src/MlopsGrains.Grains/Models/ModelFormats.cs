namespace MlopsGrains.Grains.Models;

/// <summary>Model files that the platform can score.</summary>
public static class ModelFormats
{
    /// <summary>A zip as <c>MLContext.Model.Save</c> writes it.</summary>
    public const string MlNet = "mlnet";

    public static IReadOnlyList<string> All { get; } = [MlNet];
}
