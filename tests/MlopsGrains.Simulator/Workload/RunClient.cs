using System.Globalization;
using MlopsGrains.Experiments;

namespace MlopsGrains.Simulator.Workload;

/// <summary>Logs numbered batches of points to a run, some of them twice, each with a tag that says which was the last.</summary>
internal sealed class RunClient(Round round, Random random) : Client(round, random, "run")
{
    private const int PointsPerBatch = 3;

    private readonly Register tag = new("the run's tag", null);
    private readonly Dictionary<int, Fate> batches = [];
    private string id = "";
    private Fate created = Fate.Unknown;
    private Fate ended = Fate.Unknown;

    private IRunGrain Run => Grains.GetGrain<IRunGrain>(id);

    public override async Task Work()
    {
        id = NewId();
        if (!await Insist("create", () => Run.Create(new NewRun("0", "simulated"))))
        {
            return;
        }

        created = Fate.Done;
        for (var number = 1; number <= 6; number++)
        {
            await Think();
            await Log(number);
            if (Random.Next(3) == 0 && await Look("read", () => Run.Get(), isReadOnly: true) is { } seen)
            {
                See(seen);
            }
        }

        if (Random.Next(2) == 0)
        {
            ended = await Try("finish", () => Run.Update(new RunUpdate(RunStatus.Finished)));
        }
    }

    public override async Task Check(Audit audit)
    {
        if (created != Fate.Done)
        {
            return;
        }

        var run = await Stored(Run, () => Run.Get());
        if (run is null)
        {
            Wrong("it was created, and is not stored");
            return;
        }

        See(run);
        var stored = await Grains.GetGrain<IRunGrain>(id).GetMetricHistory("m", null, 1000);
        foreach (var (number, fate) in batches)
        {
            var points = stored.Points.Steps.Count(step => step / 10 == number);
            if (points != PointsPerBatch && (points != 0 || fate == Fate.Done))
            {
                Wrong($"{points} of {PointsPerBatch} points of batch {number} ({fate}) are stored");
            }
        }

        var status = run.Info.Status == RunStatus.Finished;
        if (ended == Fate.Done && !status)
        {
            Wrong($"it was finished, and is {run.Info.Status}");
        }

        foreach (var difference in audit.Differences($"run/{id}", "run.created", null, [(null, Fate.Done)])
            .Concat(audit.Differences($"run/{id}", "run.ended", null, [(null, status ? Fate.Done : Fate.Refused)])))
        {
            Wrong(difference);
        }
    }

    private async Task Log(int number)
    {
        var batch = new RunBatch(
            new MetricColumns(["m"], new int[PointsPerBatch], [1, 2, 3], [1, 2, 3], [.. Enumerable.Range(0, PointsPerBatch).Select(i => (number * 10L) + i)]),
            [],
            [new Tag("last", number.ToString(CultureInfo.InvariantCulture))],
            new ProducerPosition(id, number));
        var fate = await Try($"log {number}", () => Run.LogBatch(batch));
        while (fate == Fate.Unknown && Random.Next(2) == 0)
        {
            await Think();
            fate = await Try($"log {number} again", () => Run.LogBatch(batch)) == Fate.Done ? Fate.Done : Fate.Unknown;
        }

        batches[number] = fate;
        tag.Wrote(number.ToString(CultureInfo.InvariantCulture), fate);
    }

    private void See(Run run) => Wrong(tag.Saw(run.Tags.FirstOrDefault(t => t.Key == "last")?.Value));
}
