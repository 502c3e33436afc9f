using System.Text.Json;
using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Models;

/// <summary>What models and versions are ordered by; a model has version 0.</summary>
internal sealed record RegistryPlace(string Name, int Version, long Created, long Updated)
{
    public static RegistryPlace Of(RegisteredModel model) =>
        new(model.Name, 0, model.CreatedAt.ToUnixTimeMilliseconds(), model.UpdatedAt.ToUnixTimeMilliseconds());

    public static RegistryPlace Of(ModelVersion version) =>
        new(version.Model, version.Version, version.CreatedAt.ToUnixTimeMilliseconds(), version.UpdatedAt.ToUnixTimeMilliseconds());
}

/// <summary>An order of places in which each has its own, and the page tokens that go with it and a filter.</summary>
internal sealed class RegistryOrder : IComparer<RegistryPlace>
{
    private readonly List<(string Name, bool Ascending)> keys;
    private readonly string list;

    private RegistryOrder(List<(string Name, bool Ascending)> keys, string? filter)
    {
        this.keys = keys;
        list = "registry " + JsonSerializer.Serialize(new { Order = keys.Select(k => $"{k.Name} {k.Ascending}"), Filter = filter });
    }

    public static RegistryOrder OfModels(RegistryQuery question) =>
        new(Complete(Parse(question.OrderBy, ["name", "timestamp", "last_updated_timestamp"]), ("name", true)), question.Filter);

    public static RegistryOrder OfVersions(RegistryQuery question)
    {
        var keys = Parse(question.OrderBy, ["name", "version_number", "creation_timestamp", "last_updated_timestamp"]);
        if (keys.Count == 0)
        {
            keys.Add(("last_updated_timestamp", false));
        }

        return new(Complete(keys, ("name", true), ("version_number", false)), question.Filter);
    }

    public int Compare(RegistryPlace? x, RegistryPlace? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        foreach (var (name, ascending) in keys)
        {
            var compared = name switch
            {
                "name" => string.CompareOrdinal(x.Name, y.Name),
                "version_number" => x.Version.CompareTo(y.Version),
                "creation_timestamp" => x.Created.CompareTo(y.Created),
                _ => x.Updated.CompareTo(y.Updated),
            };
            if (compared != 0)
            {
                return ascending ? compared : -compared;
            }
        }

        return 0;
    }

    public string Token(RegistryPlace last) => PageToken.Write(list, last);

    public RegistryPlace? Read(RegistryQuery query) => PageToken.Read<RegistryPlace>(list, query.PageToken, place => place.Name is not null, query.TokenField ?? "page_token");

    private static List<(string Name, bool Ascending)> Parse(IReadOnlyList<string> orderBy, IReadOnlyList<string> valid)
    {
        if (orderBy.Count > TrackingLimits.OrderKeysMax)
        {
            throw MlopsException.Invalid("order_by", $"order_by has {orderBy.Count} keys; at most {TrackingLimits.OrderKeysMax}.");
        }

        var keys = new List<(string Name, bool Ascending)>();
        for (var i = 0; i < orderBy.Count; i++)
        {
            var (name, ascending) = Key($"order_by[{i}]", orderBy[i], valid);
            if (keys.Exists(k => k.Name == name))
            {
                throw FilterWords.OrderedTwice($"order_by[{i}]", name);
            }

            keys.Add((name, ascending));
        }

        return keys;
    }

    private static (string Name, bool Ascending) Key(string field, string text, IReadOnlyList<string> valid)
    {
        try
        {
            var (entity, name, function, ascending) = FilterSyntax.ParseOrder(text);
            if (function is null && entity is (null or "attribute" or "attributes") && valid.Contains(name))
            {
                // A model's timestamp is that of its last change.
                return (name == "timestamp" ? "last_updated_timestamp" : name, ascending);
            }

            throw FilterWords.UnknownOrderKey(field, text, string.Join(", ", valid));
        }
        catch (FilterSyntaxException e)
        {
            throw FilterWords.BadOrder(field, text, e);
        }
    }

    private static List<(string Name, bool Ascending)> Complete(List<(string Name, bool Ascending)> keys, params ReadOnlySpan<(string Name, bool Ascending)> last)
    {
        foreach (var key in last)
        {
            if (!keys.Exists(k => k.Name == key.Name))
            {
                keys.Add(key);
            }
        }

        return keys;
    }
}
