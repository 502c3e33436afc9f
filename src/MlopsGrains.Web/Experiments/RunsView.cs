using System.Globalization;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Experiments;

/// <summary>A view of the runs of an experiment, as its address says it.</summary>
/// <param name="Id">The experiment.</param>
/// <param name="Filter">In the grammar of the search.</param>
/// <param name="Deleted">Whether the deleted runs are shown in place of the others.</param>
/// <param name="Sorts">Their order.</param>
/// <param name="Columns">What the reader chose; <see langword="null"/> for what is proposed.</param>
/// <param name="Base">The run that the others are compared with, or the beginning of its id.</param>
/// <param name="Skip">Rank of the first row.</param>
public sealed record RunsView(string Id, string? Filter, bool Deleted, RunSorts Sorts, IReadOnlyList<RunColumn>? Columns, string? Base, int Skip)
{
    /// <summary>Rows of a part of the table that is loaded by itself.</summary>
    public const int Part = 50;

    /// <summary>Beyond, a browser cannot scroll; whoever looks for one of a million runs filters.</summary>
    public const int RowsMax = 500_000;

    public LifecycleView Stage => Deleted ? LifecycleView.DeletedOnly : LifecycleView.ActiveOnly;

    public static RunsView Read(PageContext page) => new(
        page.Route("id"),
        page.Query("q"),
        page.Query("view") == "deleted",
        RunSorts.Read(page.Query("sort")),
        RunColumns.Read(page.Query("cols")),
        page.Query("base") is { } id && IsIdPart(id) ? id : null,
        int.TryParse(page.Query("skip"), NumberStyles.None, CultureInfo.InvariantCulture, out var skip) ? Math.Min(skip, RowsMax) : 0);

    /// <summary>Its address below the experiment.</summary>
    public string At(string part = "runs") => PageAddress.Of(
        $"/experiments/{Uri.EscapeDataString(Id)}/{part}",
        ("q", Filter), ("sort", Sorts.IsUsual ? null : Sorts.Write()), ("cols", Columns is null ? null : RunColumns.Write(Columns)), ("base", Base), ("view", Deleted ? "deleted" : null),
        ("skip", Skip == 0 ? null : Skip.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A filter of the search for runs by the beginnings of their ids; <see langword="null"/> for none.</summary>
    public static string? ByIds(IEnumerable<string> ids) =>
        string.Join(" OR ", ids.Where(IsIdPart).Select(id => id.Length == 32 ? $"run_id = '{id}'" : $"run_id LIKE '{id}%'")) is { Length: > 0 } filter ? filter : null;

    private static bool IsIdPart(string id) => id.Length is >= 6 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}

/// <summary>A part of a table of runs, with what it takes to write it.</summary>
/// <param name="View">What was asked for.</param>
/// <param name="Columns">Beside the name.</param>
/// <param name="Scales">Of the columns.</param>
/// <param name="Rows">In order, from the view's rank on.</param>
/// <param name="Total">How many match.</param>
/// <param name="Baseline">The run that the others are compared with.</param>
/// <param name="HasCurves">Whether a run logged the metric that the table is sorted by more than once.</param>
public sealed record RunsTable(
    RunsView View, IReadOnlyList<RunColumn> Columns, IReadOnlyList<RunScale> Scales, IReadOnlyList<Run> Rows, long Total, Run? Baseline, bool HasCurves)
{
    /// <summary>The metric that is drawn small beside the values.</summary>
    public string? Curve => HasCurves ? Sorted?.Key : null;

    private RunColumn? Sorted => SortedMetric(View, Columns);

    /// <summary>The whole table: its columns and scales are found out.</summary>
    /// <param name="client">Of the reader.</param>
    /// <param name="view">What to show.</param>
    /// <param name="keys">Those of all runs, when they are known already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<RunsTable> LoadAsync(MlopsGrainsClient client, RunsView view, RunKeys? keys, CancellationToken cancellationToken)
    {
        keys ??= view.Columns is null ? await client.Runs.GetKeysAsync(new RunKeysQuery(view.Id, View: view.Stage), cancellationToken) : null;
        var columns = view.Columns ?? RunColumns.Propose(keys!, view.Sorts);
        var asked = Asked(columns);
        var searching = FindAsync(client, view, asked, cancellationToken);
        var matching = view.Filter is null && keys is not null ? keys : await MatchingAsync(client, view, asked, cancellationToken);
        var found = await searching;
        return new RunsTable(
            view, columns, RunScale.Of(columns, found.Items, matching), found.Items, found.Total ?? found.Items.Count, await BaselineAsync(client, view, asked, cancellationToken),
            SortedMetric(view, columns) is { } metric && matching?.Metrics.FirstOrDefault(m => m.Key == metric.Key)?.PointsMax > 1);
    }

    /// <summary>More rows of a table whose columns and scales are known.</summary>
    public static async Task<RunsTable> LoadPartAsync(MlopsGrainsClient client, RunsView view, IReadOnlyList<RunScale> scales, bool hasCurves, CancellationToken cancellationToken)
    {
        var asked = Asked(view.Columns!);
        var baseline = BaselineAsync(client, view, asked, cancellationToken);
        var found = await FindAsync(client, view, asked, cancellationToken);
        return new RunsTable(view, view.Columns!, scales, found.Items, found.Total ?? found.Items.Count, await baseline, hasCurves);
    }

    private static IReadOnlyList<string> Asked(IReadOnlyList<RunColumn> columns) => [.. columns.Where(c => !c.IsAttribute).Select(c => c.Field)];

    private static RunColumn? SortedMetric(RunsView view, IReadOnlyList<RunColumn> columns) => columns.FirstOrDefault(c => c.IsMetric && c.Field == view.Sorts.Keys[0].Field);

    private static Task<FoundRuns> FindAsync(MlopsGrainsClient client, RunsView view, IReadOnlyList<string> columns, CancellationToken cancellationToken) =>
        client.Runs.FindAsync(new RunQuery([view.Id], view.Filter, view.Stage, view.Sorts.OrderBy(), RunsView.Part, null, view.Skip, Total: true, columns), cancellationToken);

    /// <summary>Ranges over the runs that match; none when a filter asks for values at steps, which the index does not know.</summary>
    private static async Task<RunKeys?> MatchingAsync(MlopsGrainsClient client, RunsView view, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        try
        {
            return await client.Runs.GetKeysAsync(new RunKeysQuery(view.Id, view.Filter, view.Stage, columns), cancellationToken);
        }
        catch (ApiRefusal refusal) when (refusal.Status == 400)
        {
            return null;
        }
    }

    private static async Task<Run?> BaselineAsync(MlopsGrainsClient client, RunsView view, IReadOnlyList<string> columns, CancellationToken cancellationToken) =>
        view.Base is not { } id ? null
        : (await client.Runs.FindAsync(new RunQuery([view.Id], RunsView.ByIds([id]), LifecycleView.All, [], 1, null, Columns: columns), cancellationToken)).Items is [var run, ..] ? run
        : null;
}
