using MlopsGrains.Experiments;

namespace MlopsGrains.Simulator.Workload;

/// <summary>Changes a tag of an experiment again and again.</summary>
internal sealed class ExperimentClient(Round round, Random random) : Client(round, random, "experiment")
{
    private readonly Register tag = new("the experiment's tag", null);
    private string id = "";

    private IExperimentGrain Experiment => Grains.GetGrain<IExperimentGrain>(id);

    public override async Task Work()
    {
        var (name, request) = (NewId(), NewId());
        var catalog = Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);
        Experiment? created = null;
        if (!await Insist("create", async () => created = await catalog.Create(new NewExperiment(name)), request))
        {
            return;
        }

        id = created!.ExperimentId;
        for (var i = 0; i < 7; i++)
        {
            await Think();
            var value = $"{i}-{Random.Next()}";
            tag.Wrote(value, await Try($"tag {value}", () => Experiment.SetTag("t", value)));
            if (Random.Next(3) == 0 && await Look("read", () => Experiment.Get(), isReadOnly: false) is { } seen)
            {
                See(seen);
            }
        }
    }

    public override async Task Check(Audit audit)
    {
        if (id.Length == 0)
        {
            return;
        }

        var experiment = await Stored(Experiment, () => Experiment.Get());
        if (experiment is null)
        {
            Wrong("it was created, and is not stored");
            return;
        }

        See(experiment);
        foreach (var difference in audit.Differences($"experiment/{id}", "experiment.created", null, [(null, Fate.Done)])
            .Concat(audit.Differences($"experiment/{id}", "experiment.tag-set", "value", tag.Writes.Skip(1))))
        {
            Wrong(difference);
        }
    }

    private void See(Experiment experiment) => Wrong(tag.Saw(experiment.Tags.FirstOrDefault(t => t.Key == "t")?.Value));
}
