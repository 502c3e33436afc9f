using System.Text.Json;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>The page tokens of a run search: bound to its filter, order, view and experiments, in whatever order these are named.</summary>
internal static class RunPageToken
{
    public static string Write(RunQuery query, RunPlace place) => PageToken.Write(ListOf(query), place);

    public static RunPlace? Read(RunQuery query, RunOrder order) => PageToken.Read<RunPlace>(
        ListOf(query), query.PageToken, place => place is { Parts: { } parts, RunId: not null } && parts.Count == order.Parts);

    private static string ListOf(RunQuery query) => "runs " + JsonSerializer.Serialize(new
    {
        Filter = query.Filter ?? "",
        query.View,
        OrderBy = query.OrderBy ?? [],
        Experiments = (query.ExperimentIds ?? []).Distinct().Order(StringComparer.Ordinal),
    });
}
