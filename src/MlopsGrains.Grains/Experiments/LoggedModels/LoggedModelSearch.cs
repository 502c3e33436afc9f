using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>
/// One search, checked: filter, order and place to go on from. A page token is a place in the order, bound to its query, so it stays right while models come and
/// go and is refused by every other search. Pure.
/// </summary>
internal sealed class LoggedModelSearch
{
    /// <summary>Bounds a page by what its models weigh: big ones make a shorter page with a token.</summary>
    private const long PageCharactersMax = 8 * 1024 * 1024;

    private readonly Func<LoggedModel, bool> matches;
    private readonly LoggedModelOrder order;
    private readonly LoggedModelOrder.Place? after;
    private readonly int resultsMax;
    private readonly string list;

    private LoggedModelSearch(LoggedModelQuery query)
    {
        Limit.Page("max_results", query.MaxResults, LoggedModelLimits.SearchResultsMax);
        if (query.Datasets.Count > TrackingLimits.DatasetsPerRequestMax)
        {
            throw MlopsException.Invalid("datasets", $"datasets has {query.Datasets.Count} entries; at most {TrackingLimits.DatasetsPerRequestMax}.");
        }

        var filter = LoggedModelFilter.Parse(query.Filter, query.Datasets);
        matches = query.Datasets.Count == 0 ? filter : model => model.Metrics.Any(m => LoggedModelFields.IsOn(m, query.Datasets)) && filter(model);
        order = new LoggedModelOrder(query.OrderBy);
        resultsMax = query.MaxResults;
        list = "logged models " + JsonSerializer.Serialize(new { query.ExperimentIds, query.Filter, query.Datasets, query.OrderBy });
        after = PageToken.Read<LoggedModelOrder.Place>(
            list, query.PageToken, place => place is { Parts: { } parts, ModelId: not null } && parts.Count == order.Count, "page_token");
    }

    public static LoggedModelSearch Parse(LoggedModelQuery query) => new(query);

    /// <summary>The models of one experiment that match, in order, behind the place.</summary>
    public LoggedModelMatches Find(IEnumerable<LoggedModel> models)
    {
        var found = models
            .Where(matches)
            .Select(model => (Place: order.PlaceOf(model), Model: model))
            .Where(m => after is null || order.Compare(m.Place, after) > 0)
            .OrderBy(m => m.Place, order)
            .Select(m => m.Model)
            .ToList();
        var page = new List<LoggedModel>(Math.Min(found.Count, resultsMax));
        for (var characters = 0L; page.Count < found.Count && page.Count < resultsMax && characters < PageCharactersMax;)
        {
            page.Add(found[page.Count]);
            characters += Size(page[^1]);
        }

        return new LoggedModelMatches(page, page.Count == found.Count);
    }

    /// <summary>Merges the experiments' answers into a page.</summary>
    public Page<LoggedModel> Merge(IReadOnlyList<LoggedModelMatches> answers)
    {
        // Behind the last model of a cut answer others of its experiment may follow: nothing beyond it may be given out yet.
        var ends = answers.Where(a => !a.Complete && a.Models.Count > 0).Select(a => order.PlaceOf(a.Models[^1])).ToList();
        var end = ends.Count == 0 ? null : ends.Min(order);
        var all = answers.SelectMany(a => a.Models).Select(model => (Place: order.PlaceOf(model), Model: model)).OrderBy(m => m.Place, order).ToList();
        var page = all.TakeWhile(m => end is null || order.Compare(m.Place, end) <= 0).Take(resultsMax).ToList();
        var more = page.Count < all.Count || answers.Any(a => !a.Complete);
        return new Page<LoggedModel>([.. page.Select(m => m.Model)], more && page.Count > 0 ? PageToken.Write(list, page[^1].Place) : null);
    }

    private static long Size(LoggedModel model) =>
        500 + (model.Metrics.Count * 120L) + model.Params.Concat(model.Tags).Sum(p => p.Key.Length + p.Value.Length + 20L);
}

/// <param name="Models">In order.</param>
/// <param name="Complete">Whether these are all that match; otherwise the page was cut by its number of models or its size.</param>
[GenerateSerializer, Immutable, Alias("mlops.LoggedModelMatches")]
internal sealed record LoggedModelMatches([property: Id(0)] IReadOnlyList<LoggedModel> Models, [property: Id(1)] bool Complete);
