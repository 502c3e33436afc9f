using MlopsGrains.Experiments;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Simulator.Workload;

/// <summary>Starts a pipeline whose steps work with the platform. Whatever becomes of silos and storage under them, it succeeds.</summary>
internal sealed class PipelineClient(Round round, Random random) : Client(round, random, "pipeline")
{
    private string run = "";

    private IPipelineRunGrain Run => Grains.GetGrain<IPipelineRunGrain>(run);

    public override async Task Work()
    {
        var (name, request) = ("p" + NewId(), NewId());
        var pipeline = Grains.GetGrain<IPipelineGrain>(name);
        var yaml = $"name: {name}\nsteps:\n  - {{ name: first, uses: {TouchStep.Uses} }}\n  - {{ name: second, uses: {TouchStep.Uses}, needs: [first] }}\n";
        PipelineRun? started = null;
        if (await Insist("register", () => pipeline.Register(yaml))
            && await Insist("start", async () => started = await pipeline.Start(new StartPipeline(IdempotencyKey: request))))
        {
            run = started!.PipelineRunId;
        }
    }

    public override async Task Check(Audit audit)
    {
        if (run.Length == 0)
        {
            return;
        }

        PipelineRun? ended = null;
        if (!await Round.Within(TimeSpan.FromMinutes(10), async () => (ended = await Run.Get()) is not { Status: PipelineRunStatus.Running }))
        {
            Wrong("it did not end within ten minutes after the last fault");
        }

        if (ended is not { Status: PipelineRunStatus.Succeeded })
        {
            Wrong($"it is {ended?.Status.ToString() ?? "not stored"} ({ended?.Reason}): {string.Join("; ", ended?.Steps.Select(s => $"{s.Name} {s.Status} {s.Error}") ?? [])}");
            return;
        }

        foreach (var difference in audit.Differences($"pipeline-run/{run}", "pipeline-run.started", null, [(null, Fate.Done)]))
        {
            Wrong(difference);
        }
    }
}

/// <summary>Writes to a run of its own, once for all attempts.</summary>
internal sealed class TouchStep : IStepExecutor
{
    public const string Uses = "simulator/touch";

    public StepKind Kind { get; } = new(Uses);

    public IEnumerable<Right> Rights(StepInputs with) => [];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var run = context.Grains.GetGrain<IRunGrain>(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(context.Key)))[..32]);
        await run.Create(new NewRun("0", "step"), cancellationToken);
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), context.Time, cancellationToken);
            await run.LogBatch(new RunBatch(MetricColumns.Empty, [], [new Tag("attempt", $"{context.Attempt}.{i}")]), cancellationToken);
        }

        return StepContext.Succeeded();
    }
}
