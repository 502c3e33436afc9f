using System.Text.Json.Serialization;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Catalogs;

[JsonDerivedType(typeof(NameAdded), "added")]
[JsonDerivedType(typeof(NameRemoved), "removed")]
internal abstract record CatalogEvent;

internal sealed record NameAdded(string Name) : CatalogEvent;

internal sealed record NameRemoved(string Name) : CatalogEvent;

/// <summary>Names in ordinal order. A sorted list: 100,000 names cost one short memory move per change, and a page is a slice.</summary>
[Immutable]
internal sealed class CatalogState
{
    public List<string> Names { get; init; } = [];

    public bool Holds(string name) => Names.BinarySearch(name, StringComparer.Ordinal) >= 0;

    public Page<string> List(string? after, int limit)
    {
        var start = after is null ? 0 : Names.BinarySearch(after, StringComparer.Ordinal);
        start = after is null ? 0 : start >= 0 ? start + 1 : ~start;
        var names = Names.GetRange(start, Math.Min(limit, Names.Count - start));
        return new Page<string>(names, start + names.Count < Names.Count ? names[^1] : null);
    }

    public void Apply(CatalogEvent e)
    {
        switch (e)
        {
            case NameAdded(var name) when Names.BinarySearch(name, StringComparer.Ordinal) is < 0 and var at:
                Names.Insert(~at, name);
                break;
            case NameRemoved(var name) when Names.BinarySearch(name, StringComparer.Ordinal) is >= 0 and var at:
                Names.RemoveAt(at);
                break;
            default:
                break;
        }
    }
}
