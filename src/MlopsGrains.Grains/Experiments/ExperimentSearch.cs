using System.Globalization;
using System.Text.Json;
using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Limits;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Experiments;

/// <summary>Filter, order and page over experiments' heads. Pure. The order ends with creation time descending and id descending, so a place in it is unique.</summary>
internal static class ExperimentSearch
{
    public static Page<Experiment> Find(IEnumerable<Experiment> experiments, ExperimentQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Limit.Page("maxResults", query.MaxResults, TrackingLimits.SearchResultsMax);
        var filter = FilterBinding.Bind<Experiment>("filter", query.Filter, Bind);
        var keys = Keys(query.OrderBy ?? []);
        var list = "experiments " + JsonSerializer.Serialize(new { Filter = query.Filter ?? "", query.View, OrderBy = query.OrderBy ?? [] });
        var after = PageToken.Read<Experiment>(list, query.PageToken, e => e.Name is not null && ExperimentRules.IsId(e.ExperimentId));
        var order = Comparer<Experiment>.Create((x, y) => Compare(keys, x, y));
        var found = experiments
            .Where(e => IsSeen(e.LifecycleStage, query.View) && filter(e) && (after is null || order.Compare(e, after) > 0))
            .Order(order)
            .Take(query.MaxResults + 1)
            .ToList();
        if (found.Count <= query.MaxResults)
        {
            return new Page<Experiment>(found, null);
        }

        found.RemoveAt(query.MaxResults);
        return new Page<Experiment>(found, PageToken.Write(list, found[^1] with { Tags = [] }));
    }

    private static Func<Experiment, bool> Bind(FilterComparison comparison)
    {
        if (comparison.Entity is "tags" or "tag")
        {
            return BindTag(comparison);
        }

        if (comparison.Entity is not (null or "attribute" or "attributes" or "attr"))
        {
            throw FilterWords.UnknownEntity("filter", comparison.Entity, "attributes, tags");
        }

        switch (comparison.Name)
        {
            case "name":
                var text = FilterBinding.Texts("filter", comparison);
                return e => text(e.Name);
            case "creation_time":
                var created = FilterBinding.Numbers("filter", comparison);
                return e => created(e.CreationTime);
            case "last_update_time":
                var updated = FilterBinding.Numbers("filter", comparison);
                return e => updated(e.LastUpdateTime);
            default:
                throw FilterWords.UnknownAttribute("filter", comparison.Name, "name, creation_time, last_update_time");
        }
    }

    private static Func<Experiment, bool> BindTag(FilterComparison comparison)
    {
        string? Value(Experiment e) => e.Tags.FirstOrDefault(t => t.Key == comparison.Name)?.Value;
        switch (comparison.Operator)
        {
            case FilterOperator.IsNull:
                return e => Value(e) is null;
            case FilterOperator.IsNotNull:
                return e => Value(e) is not null;
            default:
                var text = FilterBinding.Texts("filter", comparison);
                return e => Value(e) is { } value && text(value);
        }
    }

    private static List<(string Name, bool Ascending)> Keys(IReadOnlyList<string> orderBy)
    {
        if (orderBy.Count > TrackingLimits.OrderKeysMax)
        {
            throw MlopsException.Invalid("orderBy", $"orderBy has {orderBy.Count} keys; at most {TrackingLimits.OrderKeysMax}.");
        }

        var keys = new List<(string Name, bool Ascending)>();
        for (var i = 0; i < orderBy.Count; i++)
        {
            var (name, ascending) = Key($"orderBy[{i}]", orderBy[i]);
            if (keys.Exists(k => k.Name == name))
            {
                throw FilterWords.OrderedTwice("orderBy", name);
            }

            keys.Add((name, ascending));
        }

        return keys;
    }

    private static (string Name, bool Ascending) Key(string field, string text)
    {
        try
        {
            var (entity, name, function, ascending) = FilterSyntax.ParseOrder(text);
            return function is null && entity is null or "attribute" or "attributes" or "attr" && name is "name" or "experiment_id" or "creation_time" or "last_update_time"
                ? (name, ascending)
                : throw FilterWords.UnknownAttribute(field, text, "name, experiment_id, creation_time, last_update_time");
        }
        catch (FilterSyntaxException e)
        {
            throw FilterWords.BadOrder(field, text, e);
        }
    }

    private static int Compare(List<(string Name, bool Ascending)> keys, Experiment x, Experiment y)
    {
        foreach (var (name, ascending) in keys)
        {
            var compared = name switch
            {
                "name" => string.CompareOrdinal(x.Name, y.Name),
                "experiment_id" => Number(x).CompareTo(Number(y)),
                "creation_time" => x.CreationTime.CompareTo(y.CreationTime),
                _ => x.LastUpdateTime.CompareTo(y.LastUpdateTime),
            };
            if (compared != 0)
            {
                return ascending ? compared : -compared;
            }
        }

        var created = y.CreationTime.CompareTo(x.CreationTime);
        return created != 0 ? created : Number(y).CompareTo(Number(x));
    }

    private static long Number(Experiment experiment) => long.Parse(experiment.ExperimentId, CultureInfo.InvariantCulture);

    private static bool IsSeen(LifecycleStage stage, LifecycleView view) =>
        view == LifecycleView.All || (stage == LifecycleStage.Deleted) == (view == LifecycleView.DeletedOnly);
}
