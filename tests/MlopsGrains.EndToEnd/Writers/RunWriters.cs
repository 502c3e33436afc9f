using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace MlopsGrains.EndToEnd.Writers;

/// <summary>Logs five points of a metric at a time.</summary>
internal sealed class PointsWriter : Writer
{
    private const int BatchSize = 5;
    private string run = "";

    public override string? Run => run;

    protected override bool IsAudited => false;

    public override async Task PrepareAsync(Caller caller) => run = await caller.NewRunAsync("0", Name);

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key)
    {
        var points = Enumerable.Range((int)number * BatchSize, BatchSize).Select(i => new { key = "loss", value = i + 0.5, timestamp = 1000 + i, step = i });
        return caller.SendAsync(Caller.Mlflow + "runs/log-batch", new { run_id = run, metrics = points });
    }

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller)
    {
        var steps = new List<long>();
        for (var token = ""; token is not null;)
        {
            var page = await caller.DoAsync(Caller.Mlflow + $"metrics/get-history?run_id={run}&metric_key=loss&max_results=25000&page_token={Uri.EscapeDataString(token)}");
            steps.AddRange(page["metrics"]!.AsArray().Select(m => long.Parse(m!["step"]!.ToString(), CultureInfo.InvariantCulture)));
            token = (string?)page["next_page_token"] is { Length: > 0 } next ? next : null;
        }

        // A batch is there when all of it is, and doubled when any of it is.
        return [.. steps.Order().GroupBy(step => step / BatchSize)
            .Where(batch => batch.Distinct().Count() == BatchSize)
            .SelectMany(batch => Enumerable.Repeat(batch.Key, batch.GroupBy(step => step).Max(same => same.Count())))];
    }
}

/// <summary>Logs params of a run.</summary>
internal sealed class ParamWriter : Writer
{
    private string run = "";

    public override string? Run => run;

    protected override bool IsAudited => false;

    public override async Task PrepareAsync(Caller caller) => run = await caller.NewRunAsync("0", Name);

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync(Caller.Mlflow + "runs/log-parameter", new { run_id = run, key = $"{number}", value = $"{number}" });

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller) =>
        [.. (await caller.DoAsync(Caller.Mlflow + $"runs/get?run_id={run}"))["run"]!["data"]!["params"]!.AsArray().Select(p => long.Parse((string)p!["value"]!, CultureInfo.InvariantCulture)).Order()];
}

/// <summary>Sets a tag of a run.</summary>
internal sealed class RunTagWriter : Writer
{
    private string run = "";

    public override string? Run => run;

    public override TimeSpan Pace => TimeSpan.FromMilliseconds(20);

    protected override bool Replaces => true;

    protected override bool IsAudited => false;

    public override async Task PrepareAsync(Caller caller) => run = await caller.NewRunAsync("0", Name);

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync(Caller.Mlflow + "runs/set-tag", new { run_id = run, key = "n", value = $"{number}" });

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller) =>
        [ValueOf((await caller.DoAsync(Caller.Mlflow + $"runs/get?run_id={run}"))["run"]!["data"]!["tags"])];

    internal static long ValueOf(JsonNode? tags) => long.Parse((string?)tags?.AsArray().SingleOrDefault(t => (string)t!["key"]! == "n")?["value"] ?? "0", CultureInfo.InvariantCulture);
}

/// <summary>Creates runs in an experiment.</summary>
internal sealed class RunWriter : Writer
{
    private string experiment = "";

    public override async Task PrepareAsync(Caller caller) => experiment = await caller.NewExperimentAsync(Name);

    protected override Task<(HttpStatusCode Status, string Body)> SendAsync(Caller caller, long number, string? key) =>
        caller.SendAsync(Caller.Mlflow + "runs/create", new { experiment_id = experiment, run_name = $"{number}", start_time = 1_700_000_000_000 + number }, idempotencyKey: key);

    protected override async Task<IReadOnlyList<long>> StoredAsync(Caller caller)
    {
        var names = new List<long>();
        for (var token = ""; token is not null;)
        {
            var page = await caller.DoAsync(Caller.Mlflow + "runs/search", new { experiment_ids = new[] { experiment }, max_results = 1000, page_token = token });
            names.AddRange(page["runs"]?.AsArray().Select(r => long.Parse((string)r!["info"]!["run_name"]!, CultureInfo.InvariantCulture)) ?? []);
            token = (string?)page["next_page_token"] is { Length: > 0 } next ? next : null;
        }

        return [.. names.Order()];
    }

    protected override IReadOnlyList<long> Told(IReadOnlyList<JsonNode> chain) =>
        [.. chain.Where(e => (string)e["action"]! == "run.created" && (string?)e["detail"]!["experiment"] == experiment).Select(e => long.Parse((string)e["detail"]!["name"]!, CultureInfo.InvariantCulture))];
}
