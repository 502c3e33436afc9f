namespace MlopsGrains.Grains.Documents;

/// <summary>Names of the grain storage providers.</summary>
public static class MlopsStorage
{
    /// <summary>Documents: things that people change, slowly.</summary>
    public const string Documents = "documents";
}
