using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Cli.Pipelines;

/// <summary>Starts a pipeline, and as a gate in CI waits for it and says by exit code and report how it ended.</summary>
internal static class PipelineRunCommand
{
    public static Command Create(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The pipeline." };
        var parameters = new Option<IReadOnlyDictionary<string, string>>("--param", "-p") { Description = "Overrides a param; may be repeated.", HelpName = "key=value", CustomParser = ValueText.Assignments, Arity = ArgumentArity.OneOrMore };
        var key = new Option<string?>("--idempotency-key") { Description = $"The same key starts one run, 1–{PipelineLimits.IdempotencyKeyLengthMax} characters.", HelpName = "key" };
        var wait = new Option<bool>("--wait", "-w") { Description = "Waits for the end and says by exit code how it was (mlops --help lists them)." };
        var timeout = new Option<TimeSpan?>("--timeout") { Description = "With --wait: gives up waiting after this time (90s, 30m, 2h); the run goes on.", HelpName = "duration", CustomParser = ValueText.Duration };
        var junit = new Option<FileInfo?>("--junit") { Description = "With --wait: writes a JUnit XML report.", HelpName = "path" };
        var summary = new Option<FileInfo?>("--summary") { Description = "With --wait: appends a Markdown summary.", HelpName = "path" };
        string[] examples =
        [
            "mlops pipelines run churn",
            "mlops pipelines run churn --param trainer=fast-tree --param rows=5000 --wait --timeout 30m",
            "mlops pipelines run churn --wait --junit out.xml --summary summary.md --json",
        ];
        var command = set.Leaf("run", "Starts a run.", examples, [name, parameters, key, wait, timeout, junit, summary], async call =>
        {
            var run = await call.Client.Pipelines.StartAsync(call.Get(name), new StartPipeline(call.Get(parameters), call.Get(key)), call.Cancel);
            call.Note($"pipeline run {run.PipelineRunId} started");
            if (!call.Get(wait))
            {
                return PipelineCommands.Show(call, run);
            }

            call.WhenStopped = $"no longer waiting; pipeline run {run.PipelineRunId} goes on on the server. Cancel it with: mlops pipelines cancel {run.PipelineRunId}";
            run = await WaitAsync(call, run, call.Get(timeout));
            PipelineCommands.Show(call, run);
            if (call.Get(junit) is { } junitFile)
            {
                PipelineReport.WriteJunit(run, junitFile.FullName);
            }

            if (call.Get(summary) is { } summaryFile)
            {
                await File.AppendAllTextAsync(summaryFile.FullName, PipelineReport.Markdown(run), call.Cancel);
            }

            return CodeOf(run);
        });
        command.Validators.Add(result =>
        {
            if (!result.GetValue(wait) && (result.GetResult(timeout) ?? result.GetResult(junit) ?? result.GetResult(summary)) is not null)
            {
                result.AddError("--timeout, --junit and --summary need --wait.");
            }
        });
        return command;
    }

    internal static int CodeOf(PipelineRun run) => run.Status switch
    {
        PipelineRunStatus.Succeeded => ExitCode.Passed,
        PipelineRunStatus.Rejected when run.Steps.Any(s => s.Status == StepStatus.Rejected && s.Uses.StartsWith("approval", StringComparison.Ordinal)) => ExitCode.ApprovalRejected,
        PipelineRunStatus.Rejected => ExitCode.GateFailed,
        PipelineRunStatus.Cancelled => ExitCode.Cancelled,
        _ => ExitCode.RunFailed,
    };

    private static async Task<PipelineRun> WaitAsync(CommandCall call, PipelineRun run, TimeSpan? timeout)
    {
        var seen = new Dictionary<string, (StepStatus Status, int Attempt)>();
        return await call.Client.Pipelines.WaitAsync(run.PipelineRunId, timeout, changed: Tell, cancellationToken: call.Cancel);

        void Tell(PipelineRun now)
        {
            foreach (var step in now.Steps)
            {
                var state = (step.Status, step.Attempt);
                if (seen.TryGetValue(step.Name, out var before) ? before != state : step.Status != StepStatus.Waiting)
                {
                    call.Note(step.Error is null ? $"{step.Name}: {ValueText.Enum(step.Status)}" : $"{step.Name}: {ValueText.Enum(step.Status)}: {step.Error}");
                }

                seen[step.Name] = state;
            }
        }
    }
}
