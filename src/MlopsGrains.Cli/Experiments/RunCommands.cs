using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

internal static class RunCommands
{
    private const string DefaultExperiment = "Default";

    public static Command Create(CommandSet set) => set.Group(
        "runs", "Runs: params, metrics, tags, artifacts.", List(set), Get(set), Metrics(set), RunCurvesCommand.Create(set), RunKeysCommand.Create(set), RunSharesCommand.Create(set), Search(set), Watch(set), Delete(set), Restore(set), RunSyncCommand.Create(set), RunGroupCommands.Groups(set), RunGroupCommands.Compare(set));

    private static Argument<string> RunArgument() => new("run-id") { Description = "The run; a unique beginning of its id is enough." };

    private static Option<string[]> ExperimentOption() => new("--experiment", "-e")
    {
        Description = "Name or id of an experiment; may be repeated.",
        HelpName = "experiment",
        DefaultValueFactory = _ => [DefaultExperiment],
    };

    private static Option<int> LimitOption()
    {
        var limit = new Option<int>("--limit") { Description = $"At most this many, 1–{TrackingLimits.SearchResultsMax:N0}.", DefaultValueFactory = _ => 100 };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var given) && given is < 1 or > TrackingLimits.SearchResultsMax)
            {
                result.AddError($"--limit {given} must be from 1 to {TrackingLimits.SearchResultsMax:N0}.");
            }
        });
        return limit;
    }

    private static Command List(CommandSet set)
    {
        var (experiments, limit) = (ExperimentOption(), LimitOption());
        return set.Leaf("list", "Lists runs, newest first.", ["mlops runs list", "mlops runs list -e churn --limit 20 --json"], [experiments, limit], async call =>
            Show(call, await FindAsync(call, call.Get(experiments)!, filter: null, LifecycleView.ActiveOnly, [], call.Get(limit))));
    }

    private static Command Search(CommandSet set)
    {
        var (experiments, limit) = (ExperimentOption(), LimitOption());
        var filter = new Option<string>("--filter") { Description = "MLflow's filter grammar.", HelpName = "expression", Required = true };
        var orderBy = new Option<string[]>("--order-by") { Description = "A key with ASC or DESC; may be repeated.", HelpName = "key" };
        var view = new Option<LifecycleView>("--view") { Description = "Which lifecycle stages.", DefaultValueFactory = _ => LifecycleView.ActiveOnly };
        var skip = new Option<int>("--skip") { Description = "How many of the matching runs to leave out before the first one shown.", DefaultValueFactory = _ => 0 };
        var columns = new Option<string[]>("--column") { Description = "What runs hold beside their attributes, such as metrics.auc, params.lr or tags.team; may be repeated. All when not given.", HelpName = "column" };
        string[] examples =
        [
            "mlops runs search -e churn --filter \"metrics.auc > 0.9 AND params.trainer = 'fast-tree'\"",
            "mlops runs search -e churn --filter \"attributes.status = 'FINISHED'\" --order-by \"metrics.auc DESC\" --limit 1 --json",
            "mlops runs search -e churn --filter \"metrics.auc > 0.9\" --order-by \"metrics.auc DESC\" --skip 100 --column metrics.auc --column params.lr --json",
        ];
        return set.Leaf("search", "Finds runs.", examples, [experiments, filter, orderBy, view, limit, skip, columns], async call =>
            Show(call, await FindAsync(
                call, call.Get(experiments)!, call.Get(filter), call.Get(view), call.Get(orderBy) ?? [], call.Get(limit), call.Get(skip), call.Get(columns) is { Length: > 0 } some ? some : null)));
    }

    private static Command Get(CommandSet set)
    {
        var runId = RunArgument();
        return set.Leaf("get", "Shows a run with its latest metrics.", ["mlops runs get 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e", "mlops runs get 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --json"], [runId], async call =>
        {
            var run = await call.Client.Runs.GetAsync(await Ids.RunAsync(call, call.Get(runId)), call.Cancel);
            return call.Show(run,
                ("id", run.Info.RunId),
                ("name", run.Info.RunName),
                ("experiment", run.Info.ExperimentId),
                ("status", ValueText.Enum(run.Info.Status)),
                ("user", run.Info.UserId),
                ("started", ValueText.Time(run.Info.StartTime)),
                ("ended", run.Info.EndTime is { } end ? ValueText.Time(end) : null),
                ("artifacts", run.Info.ArtifactUri),
                ("params", ValueText.Lines(run.Params.Select(p => KeyValuePair.Create(p.Key, p.Value)))),
                ("metrics", ValueText.Lines(run.Metrics.Select(m => KeyValuePair.Create(m.Key, ValueText.Number(m.Value))))),
                ("tags", ValueText.Lines(run.Tags.Select(t => KeyValuePair.Create(t.Key, t.Value)))),
                ("inputs", ValueText.Lines(run.Inputs.Select(i => KeyValuePair.Create(i.Name, ValueText.Short(i.Digest))))));
        });
    }

    private static Command Metrics(CommandSet set)
    {
        var runId = RunArgument();
        var key = new Argument<string>("key") { Description = "The metric." };
        string[] examples = ["mlops runs metrics 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e loss", "mlops runs metrics 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e loss --json"];
        return set.Leaf("metrics", "Lists all points of a metric.", examples, [runId, key], async call =>
        {
            var points = await call.Client.Runs.GetMetricHistoryAsync(await Ids.RunAsync(call, call.Get(runId)), call.Get(key), call.Cancel).ToListAsync(call.Cancel);
            return call.List(points, $"No points of metric '{call.Get(key)}'.",
                ("STEP", p => ValueText.Whole(p.Step)),
                ("VALUE", p => p.Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
                ("TIME", p => ValueText.Time(p.Timestamp)));
        });
    }

    private static Command Watch(CommandSet set)
    {
        var runId = RunArgument();
        string[] examples = ["mlops runs watch 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e", "mlops runs watch 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --json"];
        return set.Leaf("watch", "Follows a run until it ends: 0 when it finished, 3 when it failed or was killed.", examples, [runId], async call =>
        {
            call.WhenStopped = "no longer watching; the run is left as it is.";
            await foreach (var e in call.Client.Runs.WatchAsync(await Ids.RunAsync(call, call.Get(runId)), cancellationToken: call.Cancel))
            {
                var head = e.Reset?.Info ?? e.Info;
                foreach (var point in e.Reset?.Metrics ?? e.Metrics)
                {
                    call.Line(point, $"{ValueText.Time(point.Timestamp)}  {point.Key} = {ValueText.Number(point.Value)}  (step {ValueText.Whole(point.Step)})");
                }

                if (head is not null)
                {
                    call.Line(head, $"run '{head.RunName}' is {ValueText.Enum(head.Status)}");
                }

                if (head?.Status is RunStatus.Finished)
                {
                    return ExitCode.Passed;
                }

                if (head?.Status is RunStatus.Failed or RunStatus.Killed)
                {
                    return ExitCode.RunFailed;
                }
            }

            return ExitCode.RunFailed;
        });
    }

    private static Command Delete(CommandSet set) => Move(
        set, "delete", "Deletes a run; until gc removes it, it can be restored.", "deleted", (client, id, cancel) => client.Runs.DeleteAsync(id, cancel));

    private static Command Restore(CommandSet set) => Move(
        set, "restore", "Brings a deleted run back.", "back", (client, id, cancel) => client.Runs.RestoreAsync(id, cancel));

    private static Command Move(CommandSet set, string verb, string description, string state, Func<MlopsGrainsClient, string, CancellationToken, Task> move)
    {
        var runId = RunArgument();
        string[] examples = [$"mlops runs {verb} 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e", $"mlops runs {verb} 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --json"];
        return set.Leaf(verb, description, examples, [runId], async call =>
        {
            var id = await Ids.RunAsync(call, call.Get(runId));
            await move(call.Client, id, call.Cancel);
            return call.Done(new { runId = id }, $"run '{id}' is {state}.");
        });
    }

    private static async Task<IReadOnlyList<Run>> FindAsync(CommandCall call, string[] experiments, string? filter, LifecycleView view, string[] orderBy, int limit, int skip = 0, string[]? columns = null)
    {
        var ids = new List<string>();
        foreach (var experiment in experiments)
        {
            ids.Add((await ExperimentCommands.FindAsync(call.Client, experiment, call.Cancel)).ExperimentId);
        }

        return (await call.Client.Runs.FindAsync(new RunQuery(ids, filter, view, orderBy, limit, null, skip, Columns: columns), call.Cancel)).Items;
    }

    private static int Show(CommandCall call, IReadOnlyList<Run> runs) => call.List(runs, "No runs.",
        ("ID", r => r.Info.RunId),
        ("NAME", r => r.Info.RunName),
        ("STATUS", r => ValueText.Enum(r.Info.Status)),
        ("METRICS", r => ValueText.Pairs(r.Metrics.Take(4).Select(m => KeyValuePair.Create(m.Key, ValueText.Number(m.Value))))),
        ("STARTED", r => ValueText.Time(r.Info.StartTime)),
        ("PARAMS", r => ValueText.Pairs(r.Params.Take(4).Select(p => KeyValuePair.Create(p.Key, p.Value)))));
}
