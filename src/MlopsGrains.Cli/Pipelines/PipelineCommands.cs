using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Cli.Pipelines;

internal static class PipelineCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "pipelines", "Pipelines and their runs.", Validate(set), Register(set), PipelineRunCommand.Create(set), Status(set), Watch(set), Logs(set), Cancel(set), List(set), Runs(set), Get(set), Versions(set));

    internal static int Show(CommandCall call, PipelineRun run)
    {
        var code = call.Show(run,
            ("id", run.PipelineRunId),
            ("pipeline", $"{run.Pipeline} version {run.DefinitionVersion}"),
            ("status", ValueText.Enum(run.Status)),
            ("cause", run.Cause),
            ("started by", run.StartedBy),
            ("params", ValueText.Lines(run.Params)),
            ("started", ValueText.Time(run.StartedAt)),
            ("ended", ValueText.Time(run.EndedAt)),
            ("reason", run.Reason));
        return call.IsJson ? code : call.List(run.Steps, "No steps.",
            ("STEP", s => s.Name),
            ("STATUS", s => ValueText.Enum(s.Status)),
            ("SECONDS", s => s.EndedAt - s.StartedAt is { } took ? ValueText.Number(took.TotalSeconds) : null),
            ("ERROR", s => s.Error),
            ("ATTEMPT", s => ValueText.Whole(s.Attempt)),
            ("QUEUED", s => s.StartedAt - s.ReadyAt is { } queued ? ValueText.Number(queued.TotalSeconds) : null),
            ("WORKER", s => s.Attempts is [.., var newest] ? newest.Worker : null),
            ("USES", s => s.Uses),
            ("OUTPUTS", s => ValueText.Pairs(s.Outputs)));
    }

    private static Argument<string> RunArgument() => new("run-id") { Description = "The pipeline run; a unique beginning of its id is enough." };

    private static Command Validate(CommandSet set)
    {
        var file = new Argument<FileInfo>("file") { Description = "The definition in YAML." }.AcceptExistingOnly();
        string[] examples = ["mlops pipelines validate churn.yaml", "mlops pipelines validate churn.yaml --json"];
        return set.Leaf("validate", "Checks a definition and registers nothing; exit code 1 when it has faults, all of which are listed.", examples, [file], async call =>
        {
            var check = await call.Client.Pipelines.ValidateAsync(await File.ReadAllTextAsync(call.Get(file).FullName, call.Cancel), call.Cancel);
            if (call.IsJson)
            {
                call.Show(check);
            }
            else if (check.Valid)
            {
                call.Done(check, $"{call.Get(file)}: pipeline {check.Pipeline} is valid.");
            }
            else
            {
                // As compilers write it, so that editors and CI find the place. Nothing is cut: a fault is not a table.
                foreach (var fault in check.Faults)
                {
                    call.Line(fault, $"{call.Get(file)}({fault.Line},{fault.Column}): {fault.Field}: {fault.Message}");
                }
            }

            return check.Valid ? ExitCode.Passed : ExitCode.GateFailed;
        });
    }

    private static Command Register(CommandSet set)
    {
        var file = new Argument<FileInfo>("file") { Description = "The definition in YAML." }.AcceptExistingOnly();
        return set.Leaf("register", "Registers a definition; unchanged text adds no version.", ["mlops pipelines register churn.yaml", "mlops pipelines register churn.yaml --json"], [file], async call =>
        {
            var definition = await call.Client.Pipelines.RegisterAsync(await File.ReadAllTextAsync(call.Get(file).FullName, call.Cancel), call.Cancel);
            return call.Show(definition,
                ("pipeline", definition.Pipeline),
                ("version", ValueText.Whole(definition.Version)),
                ("digest", definition.Digest),
                ("created", $"{ValueText.Time(definition.CreatedAt)} by {definition.CreatedBy}"));
        });
    }

    private static Command Status(CommandSet set)
    {
        var run = RunArgument();
        return set.Leaf("status", "Shows a pipeline run and its steps.", ["mlops pipelines status 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e"], [run], async call =>
            Show(call, await call.Client.Pipelines.GetRunAsync(await Ids.PipelineRunAsync(call, call.Get(run)), call.Cancel)));
    }

    private static Command Watch(CommandSet set)
    {
        var run = RunArgument();
        string[] examples = ["mlops pipelines watch 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e", "mlops pipelines watch 0197f1c2 --json"];
        return set.Leaf("watch", "Follows a run until it ends and says by exit code how it was (mlops --help lists them).", examples, [run], async call =>
        {
            call.WhenStopped = "no longer watching; the pipeline run goes on on the server.";
            PipelineRun? whole = null;
            await foreach (var e in call.Client.Pipelines.WatchRunAsync(await Ids.PipelineRunAsync(call, call.Get(run)), cancellationToken: call.Cancel))
            {
                whole = e.Reset ?? whole;
                foreach (var step in e.Reset?.Steps ?? e.Change!.Steps)
                {
                    call.Line(step, $"{step.Name}: {ValueText.Enum(step.Status)}{(step.Attempt > 1 ? $", attempt {ValueText.Whole(step.Attempt)}" : "")}{(step.Error is null ? "" : ": " + step.Error)}");
                }

                if ((e.Reset?.Status ?? e.Change!.Status) is not PipelineRunStatus.Running and var status)
                {
                    var ended = await call.Client.Pipelines.GetRunAsync(whole!.PipelineRunId, call.Cancel);
                    call.Note($"pipeline run {ended.PipelineRunId} is {ValueText.Enum(status)}");
                    return PipelineRunCommand.CodeOf(ended);
                }
            }

            return ExitCode.RunFailed;
        });
    }

    private static Command Logs(CommandSet set)
    {
        var run = RunArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Goes on until the run has ended." };
        var after = new Option<long>("--after") { Description = "Begins after this line.", HelpName = "line" };
        string[] examples = ["mlops pipelines logs 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --follow", "mlops pipelines logs 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --json"];
        return set.Leaf("logs", "Prints the steps' log lines (with --json one object a line).", examples, [run, follow, after], async call =>
        {
            call.WhenStopped = "no longer reading; the pipeline run goes on on the server.";
            await foreach (var line in call.Client.Pipelines.LogsAsync(await Ids.PipelineRunAsync(call, call.Get(run)), call.Get(follow), Math.Max(0, call.Get(after)), cancellationToken: call.Cancel))
            {
                call.Line(line, $"{ValueText.Time(line.Time)} {line.Step}#{line.Attempt} {line.Text}");
            }

            return ExitCode.Passed;
        });
    }

    private static Command Cancel(CommandSet set)
    {
        var run = RunArgument();
        var reason = new Option<string>("--reason") { Description = "Why.", HelpName = "text", DefaultValueFactory = _ => "cancelled from the command line" };
        return set.Leaf("cancel", "Cancels what has not ended.", ["mlops pipelines cancel 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --reason \"wrong data\""], [run, reason], async call =>
            Show(call, await call.Client.Pipelines.CancelAsync(await Ids.PipelineRunAsync(call, call.Get(run)), call.Get(reason)!, call.Cancel)));
    }

    private static Command List(CommandSet set)
    {
        var pipeline = new Argument<string?>("pipeline") { Description = "Lists its runs; all pipelines when left out.", Arity = ArgumentArity.ZeroOrOne };
        var limit = new Option<int?>("--limit") { Description = "At most this many runs.", HelpName = "count" };
        return set.Leaf("list", "Lists pipelines, or the runs of one, newest first.", ["mlops pipelines list", "mlops pipelines list churn --limit 5"], [pipeline, limit], async call =>
        {
            if (call.Get(pipeline) is { Length: > 0 } one)
            {
                return ShowRuns(call, await call.Client.Pipelines.ListRunsAsync(one, call.Get(limit), call.Cancel));
            }

            return call.List(await call.Client.Pipelines.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No pipelines.",
                ("NAME", p => p.Pipeline),
                ("VERSION", p => ValueText.Whole(p.Version)),
                ("DIGEST", p => ValueText.Short(p.Digest)),
                ("CREATED", p => ValueText.Time(p.CreatedAt)));
        });
    }

    private static Command Runs(CommandSet set)
    {
        var pipeline = new Argument<string?>("pipeline") { Description = "Runs of this one; of all pipelines when left out.", Arity = ArgumentArity.ZeroOrOne };
        var status = new Option<PipelineRunStatus?>("--status") { Description = "Only runs that stand so: running, succeeded, failed, rejected or cancelled.", HelpName = "status" };
        var limit = new Option<int>("--limit") { Description = "At most this many runs.", HelpName = "count", DefaultValueFactory = _ => 50 };
        string[] examples = ["mlops pipelines runs", "mlops pipelines runs --status failed --limit 10", "mlops pipelines runs churn --status running --json"];
        return set.Leaf("runs", "Lists runs over all pipelines, newest first.", examples, [pipeline, status, limit], async call =>
        {
            var (found, token) = (new List<PipelineRun>(), (string?)null);
            do
            {
                var page = await call.Client.Pipelines.ListRunsPageAsync(call.Get(pipeline), call.Get(status), Math.Clamp(call.Get(limit) - found.Count, 1, PipelineLimits.RunsPerListMax), token, call.Cancel);
                found.AddRange(page.Items);
                token = page.NextPageToken;
            }
            while (token is not null && found.Count < call.Get(limit));
            return ShowRuns(call, found);
        });
    }

    private static int ShowRuns(CommandCall call, IReadOnlyList<PipelineRun> runs) => call.List(runs, "No runs.",
        ("ID", r => r.PipelineRunId),
        ("PIPELINE", r => r.Pipeline),
        ("STATUS", r => ValueText.Enum(r.Status)),
        ("VERSION", r => ValueText.Whole(r.DefinitionVersion)),
        ("CAUSE", r => r.Cause),
        ("STARTED", r => ValueText.Time(r.StartedAt)),
        ("ENDED", r => ValueText.Time(r.EndedAt)));

    private static Command Get(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The pipeline." };
        var version = new Option<int?>("--version") { Description = "A version's number; the newest when left out.", HelpName = "number" };
        string[] examples = ["mlops pipelines get churn > churn.yaml", "mlops pipelines get churn --version 2 --json"];
        return set.Leaf("get", "Prints a definition's text (with --json also its params and steps).", examples, [name, version], async call =>
        {
            var definition = await call.Client.Pipelines.GetAsync(call.Get(name), call.Get(version), call.Cancel);
            return call.Done(definition, definition.Yaml.TrimEnd('\n'));
        });
    }

    private static Command Versions(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The pipeline." };
        return set.Leaf("versions", "Lists the newest 1,000 versions of a definition, newest first.", ["mlops pipelines versions churn", "mlops pipelines versions churn --json"], [name], async call =>
            call.List((await call.Client.Pipelines.ListVersionsPageAsync(call.Get(name), PipelineLimits.VersionsPerListMax, cancellationToken: call.Cancel)).Items, "No versions.",
                ("VERSION", v => ValueText.Whole(v.Version)),
                ("CREATED", v => ValueText.Time(v.CreatedAt)),
                ("BY", v => v.CreatedBy),
                ("DIGEST", v => v.Digest)));
    }
}
