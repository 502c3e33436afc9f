using System.Globalization;
using System.Text.Json.Serialization;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

[JsonDerivedType(typeof(ExperimentListed), "experiment")]
[JsonDerivedType(typeof(ExperimentRemoved), "removed")]
internal abstract record ExperimentCatalogEvent;

/// <summary>A new experiment, or the present face of an old one.</summary>
/// <param name="Experiment">Its head.</param>
/// <param name="Request">The <see cref="MlopsGrains.Identity.RequestKey"/> of its creation, once.</param>
internal sealed record ExperimentListed(Experiment Experiment, string? Request = null) : ExperimentCatalogEvent;

/// <summary>An experiment that is gone for good.</summary>
internal sealed record ExperimentRemoved(string ExperimentId) : ExperimentCatalogEvent;

/// <summary>The heads of all experiments, deleted ones too: they keep their names.</summary>
[Immutable]
internal sealed class ExperimentCatalogState
{
    private Dictionary<string, string>? idByName;

    public Dictionary<string, Experiment> Experiments { get; init; } = [];

    /// <summary>Ids of the experiments that a request with a key created, by that request.</summary>
    public Dictionary<string, string> IdByRequest { get; init; } = [];

    public long NextNumber { get; set; }

    [JsonIgnore]
    public Experiment? Last => Experiments.GetValueOrDefault((NextNumber - 1).ToString(CultureInfo.InvariantCulture));

    private Dictionary<string, string> IdByName => idByName ??= Experiments.Values.ToDictionary(e => e.Name, e => e.ExperimentId, StringComparer.Ordinal);

    public Experiment? Find(string id) => Experiments.GetValueOrDefault(id);

    public Experiment? FindByName(string name) => IdByName.TryGetValue(name, out var id) ? Experiments[id] : null;

    public Experiment? FindByRequest(string? request) => request is not null && IdByRequest.TryGetValue(request, out var id) ? Experiments[id] : null;

    public Experiment? NextFrom(long number)
    {
        for (; number < NextNumber; number++)
        {
            if (Find(number.ToString(CultureInfo.InvariantCulture)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public void Apply(ExperimentCatalogEvent e)
    {
        switch (e)
        {
            case ExperimentListed listed:
                List(listed);
                break;
            case ExperimentRemoved removed when Experiments.Remove(removed.ExperimentId, out var gone):
                idByName?.Remove(gone.Name);
                foreach (var (request, _) in IdByRequest.Where(r => r.Value == removed.ExperimentId).ToList())
                {
                    IdByRequest.Remove(request);
                }

                break;
            default:
                break;
        }
    }

    private void List(ExperimentListed listed)
    {
        var experiment = listed.Experiment;
        if (listed.Request is { } request)
        {
            IdByRequest[request] = experiment.ExperimentId;
        }

        if (Experiments.TryGetValue(experiment.ExperimentId, out var old))
        {
            IdByName.Remove(old.Name);
        }
        else
        {
            NextNumber = Math.Max(NextNumber, long.Parse(experiment.ExperimentId, CultureInfo.InvariantCulture) + 1);
        }

        IdByName[experiment.Name] = experiment.ExperimentId;
        Experiments[experiment.ExperimentId] = experiment;
    }
}
