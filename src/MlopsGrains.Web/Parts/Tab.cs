namespace MlopsGrains.Web.Parts;

/// <summary>One of a row of tabs; each is a page of its own address.</summary>
public sealed record Tab(string Key, string Name, string Href, long? Count = null);
