using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Experiments;

/// <summary>All runs that a view matches as a file, page by page from the API, so that it takes no more memory than one page.</summary>
internal static class RunsExport
{
    private const int PageRows = 1000;

    private static readonly string[] Always = ["run_id", "run_name", "status"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static async Task AnswerAsync(HttpContext context)
    {
        var page = context.RequestServices.GetRequiredService<PageContext>();
        page.Open(context);
        var view = RunsView.Read(page);
        var asJson = page.Query("format") == "json";
        try
        {
            await page.EnterAsync();
            var columns = view.Columns ?? Whole(await page.Client.Runs.GetKeysAsync(new RunKeysQuery(view.Id, View: view.Stage, Limit: TrackingLimits.KeysMax), page.Aborted));
            var first = await FindAsync(page.Client, view, columns, null, page.Aborted);
            context.Response.ContentType = asJson ? "application/json; charset=utf-8" : "text/csv; charset=utf-8";
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"runs-{(view.Id.All(char.IsAsciiDigit) ? view.Id : "0")}.{(asJson ? "json" : "csv")}\"";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await using var writer = new StreamWriter(context.Response.Body, new UTF8Encoding(false), leaveOpen: true);
            await WriteAsync(writer, page, view, columns, first, asJson);
        }
        catch (ApiRefusal refusal) when (!context.Response.HasStarted)
        {
            await (refusal.AsksForSignIn
                ? RedirectAsync(context, $"/sign-in?return={Uri.EscapeDataString(page.PathAndQuery)}")
                : PageRoutes.WriteAsync(context, "", refusal.Status));
        }
    }

    /// <summary>A line of a table, as RFC 4180 quotes it. What a spreadsheet would take for a formula is kept from being one.</summary>
    public static string Line(IEnumerable<string?> cells) => string.Join(',', cells.Select(cell =>
    {
        var text = cell ?? "";
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !double.TryParse(text, CultureInfo.InvariantCulture, out _))
        {
            text = "'" + text;
        }

        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }));

    /// <summary>What a run has under a column, whole; <see langword="null"/> for nothing.</summary>
    public static string? Cell(Run run, RunColumn column, DateTimeOffset now)
    {
        if (column.IsMetric)
        {
            return run.Metrics.FirstOrDefault(m => m.Key == column.Key) is { } metric ? metric.Value.ToString("R", CultureInfo.InvariantCulture) : null;
        }

        return column.Field switch
        {
            "age" => Formats.Shown.Iso(run.Info.StartTime),
            "duration" => RunView.DurationOf(run.Info, now).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture),
            "user" => run.Info.UserId,
            "id" => run.Info.RunId,
            _ => (column.IsParam ? run.Params : run.Tags).FirstOrDefault(p => p.Key == column.Key)?.Value,
        };
    }

    private static IReadOnlyList<RunColumn> Whole(RunKeys keys) =>
    [
        new("age"), new("duration"), new("user"),
        .. keys.Metrics.Select(m => new RunColumn("metrics." + m.Key)), .. keys.Params.Select(p => new RunColumn("params." + p.Key)), .. keys.Tags.Select(t => new RunColumn("tags." + t.Key)),
    ];

    private static Task<FoundRuns> FindAsync(MlopsGrainsClient client, RunsView view, IReadOnlyList<RunColumn> columns, string? token, CancellationToken cancellationToken)
    {
        var asked = columns.Where(c => !c.IsAttribute).Select(c => c.Field).ToList();
        return client.Runs.FindAsync(
            new RunQuery([view.Id], view.Filter, view.Stage, view.Sorts.OrderBy(), PageRows, token, Columns: asked.Count <= TrackingLimits.SearchColumnsMax ? asked : null), cancellationToken);
    }

    private static async Task WriteAsync(StreamWriter writer, PageContext page, RunsView view, IReadOnlyList<RunColumn> columns, FoundRuns first, bool asJson)
    {
        var head = Always.Concat(columns.Select(c => c.Field switch { "age" => "start_time", "duration" => "duration_seconds", "user" => "user_id", "id" => "id", var field => field })).ToList();
        await writer.WriteAsync(asJson ? "[" : Line(head) + "\r\n");
        var separator = "\n";
        for (var found = first; ; found = await FindAsync(page.Client, view, columns, found.NextPageToken, page.Aborted))
        {
            foreach (var run in found.Items)
            {
                var cells = new[] { run.Info.RunId, run.Info.RunName, run.Info.Status.ToString().ToUpperInvariant() }.Concat(columns.Select(c => Cell(run, c, page.Now))).ToList();
                await writer.WriteAsync(asJson ? separator + JsonSerializer.Serialize(Object(head, cells, run, columns), Json) : Line(cells) + "\r\n");
                separator = ",\n";
            }

            if (found.NextPageToken is null)
            {
                await writer.WriteAsync(asJson ? "\n]\n" : "");
                return;
            }
        }
    }

    /// <summary>What a run does not have is left out; finite metrics are numbers.</summary>
    private static Dictionary<string, object> Object(List<string> head, List<string?> cells, Run run, IReadOnlyList<RunColumn> columns)
    {
        var item = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var c = 0; c < head.Count; c++)
        {
            if (cells[c] is { } text)
            {
                var metric = c >= Always.Length && columns[c - Always.Length].IsMetric ? run.Metrics.FirstOrDefault(m => m.Key == columns[c - Always.Length].Key) : null;
                item[head[c]] = metric is not null && double.IsFinite(metric.Value) ? metric.Value : text;
            }
        }

        return item;
    }

    private static Task RedirectAsync(HttpContext context, string to)
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    }
}
