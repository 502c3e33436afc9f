namespace MlopsGrains.Web.Shell;

/// <summary>A step on the way to a page. The last one is the page's name and leads nowhere.</summary>
public sealed record Crumb(string Name, string? Href = null);
