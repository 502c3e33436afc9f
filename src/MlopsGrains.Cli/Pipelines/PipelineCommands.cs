using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Cli;

internal static class PipelineCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "pipeline", "Pipelines and their runs.", Register(set), PipelineRunCommand.Create(set), Status(set), Logs(set), Cancel(set), List(set));

    internal static int Show(CommandCall call, PipelineRun run)
    {
        var code = call.Show(run,
            ("id", run.PipelineRunId),
            ("pipeline", $"{run.Pipeline} version {run.DefinitionVersion}"),
            ("status", Words.Enum(run.Status)),
            ("cause", run.Cause),
            ("params", Words.Pairs(run.Params)),
            ("started", Words.Time(run.StartedAt)),
            ("ended", Words.Time(run.EndedAt)),
            ("reason", run.Reason));
        return call.IsJson ? code : call.List(run.Steps, "No steps.",
            ("STEP", s => s.Name),
            ("USES", s => s.Uses),
            ("STATUS", s => Words.Enum(s.Status)),
            ("ATTEMPT", s => Words.Whole(s.Attempt)),
            ("SECONDS", s => s.EndedAt - s.StartedAt is { } took ? Words.Number(took.TotalSeconds) : null),
            ("OUTPUTS", s => Words.Brief(Words.Pairs(s.Outputs))),
            ("ERROR", s => s.Error));
    }

    private static Argument<string> RunArgument() => new("run-id") { Description = "The pipeline run." };

    private static Command Register(CommandSet set)
    {
        var file = new Argument<FileInfo>("file") { Description = "The definition in YAML." }.AcceptExistingOnly();
        return set.Leaf("register", "Registers a definition; unchanged text adds no version.", ["mlops pipeline register churn.yaml", "mlops pipeline register churn.yaml --json"], [file], async call =>
        {
            var definition = await call.Client.Pipelines.RegisterAsync(await File.ReadAllTextAsync(call.Get(file).FullName, call.Cancel), call.Cancel);
            return call.Show(definition,
                ("pipeline", definition.Pipeline),
                ("version", Words.Whole(definition.Version)),
                ("digest", definition.Digest),
                ("created", $"{Words.Time(definition.CreatedAt)} by {definition.CreatedBy}"));
        });
    }

    private static Command Status(CommandSet set)
    {
        var run = RunArgument();
        return set.Leaf("status", "Shows a pipeline run and its steps.", ["mlops pipeline status 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e"], [run], async call =>
            Show(call, await call.Client.Pipelines.GetRunAsync(call.Get(run), call.Cancel)));
    }

    private static Command Logs(CommandSet set)
    {
        var run = RunArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Goes on until the run has ended." };
        var after = new Option<long>("--after") { Description = "Begins after this line.", HelpName = "line" };
        string[] examples = ["mlops pipeline logs 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --follow", "mlops pipeline logs 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --json"];
        return set.Leaf("logs", "Prints the steps' log lines (with --json one object a line).", examples, [run, follow, after], async call =>
        {
            await foreach (var line in call.Client.Pipelines.LogsAsync(call.Get(run), call.Get(follow), Math.Max(0, call.Get(after)), cancellationToken: call.Cancel))
            {
                call.Line(line, $"{Words.Time(line.Time)} {line.Step}#{line.Attempt} {line.Text}");
            }

            return ExitCode.Passed;
        });
    }

    private static Command Cancel(CommandSet set)
    {
        var run = RunArgument();
        var reason = new Option<string>("--reason") { Description = "Why.", HelpName = "text", DefaultValueFactory = _ => "cancelled from the command line" };
        return set.Leaf("cancel", "Cancels what has not ended.", ["mlops pipeline cancel 0197f1c2a7b87d9c8e5d4f3a2b1c0d9e --reason \"wrong data\""], [run, reason], async call =>
            Show(call, await call.Client.Pipelines.CancelAsync(call.Get(run), call.Get(reason)!, call.Cancel)));
    }

    private static Command List(CommandSet set)
    {
        var pipeline = new Argument<string?>("pipeline") { Description = "Lists its runs; all pipelines when left out.", Arity = ArgumentArity.ZeroOrOne };
        var limit = new Option<int?>("--limit") { Description = "At most this many runs.", HelpName = "count" };
        return set.Leaf("list", "Lists pipelines, or the runs of one, newest first.", ["mlops pipeline list", "mlops pipeline list churn --limit 5"], [pipeline, limit], async call =>
        {
            if (call.Get(pipeline) is { Length: > 0 } one)
            {
                return call.List(await call.Client.Pipelines.ListRunsAsync(one, call.Get(limit), call.Cancel), "No runs.",
                    ("ID", r => r.PipelineRunId),
                    ("STATUS", r => Words.Enum(r.Status)),
                    ("VERSION", r => Words.Whole(r.DefinitionVersion)),
                    ("CAUSE", r => r.Cause),
                    ("STARTED", r => Words.Time(r.StartedAt)),
                    ("ENDED", r => Words.Time(r.EndedAt)));
            }

            return call.List(await call.Client.Pipelines.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No pipelines.",
                ("NAME", p => p.Pipeline),
                ("VERSION", p => Words.Whole(p.Version)),
                ("DIGEST", p => Words.Short(p.Digest)),
                ("CREATED", p => Words.Time(p.CreatedAt)));
        });
    }
}
