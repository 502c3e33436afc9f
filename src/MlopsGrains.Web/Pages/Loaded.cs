namespace MlopsGrains.Web.Pages;

/// <summary>What a part of a page asked of the API: the answer, or why there is none.</summary>
public sealed record Loaded<T>(T? Value, ApiRefusal? Refusal)
{
    public bool IsThere => Refusal is null;
}
