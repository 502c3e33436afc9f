using System.Globalization;
using MlopsGrains.Catalogs;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

[GrainType("deployment")]
internal sealed class DeploymentGrain(
    [PersistentState("deployment", MlopsStorage.Documents)] IPersistentState<DeploymentDocument> document,
    TimeProvider time) : DocumentGrain<DeploymentDocument>(document), IDeploymentGrain
{
    /// <summary>A word of the inference door's paths.</summary>
    private const string Reserved = "stats";

    /// <summary>What is durable. Scorers ask for it while a deploy is probing a model, and must not see a revision before it is stored.</summary>
    private Deployment? stored;

    private string Name => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stored = Document.Exists ? Document.View(Name) : null;
        return base.OnActivateAsync(cancellationToken);
    }

    public async Task<Deployment> Deploy(DeployRequest request, CancellationToken cancellationToken = default)
    {
        Names.Check("name", Name);
        if (Name == Reserved)
        {
            throw MlopsException.Invalid("name", $"name '{Reserved}' is reserved by the inference protocol's paths.");
        }

        Names.CheckModel("model", request.Model);
        if (string.IsNullOrEmpty(request.Version))
        {
            throw MlopsException.Invalid("version", "version is required: a number, an alias or 'latest'.");
        }

        if (Document.Requests.NumberOf(RequestKey.Current) is not null)
        {
            await Enlist();
            return stored!;
        }

        var version = await GrainFactory.GetGrain<IRegisteredModelGrain>(request.Model).Resolve(request.Version, cancellationToken);
        if (version.Blob is not { } file)
        {
            throw MlopsException.Conflict($"Model version '{version.Model}/{version.Version}' has no model file here: it was registered from '{version.Source}' (format {version.Format}). Deploy a version whose file was uploaded.");
        }

        if (Document.Serves(version))
        {
            if (Document.Requests.Keep(RequestKey.Current, Document.Traffic[0].Revision))
            {
                await Store();
            }

            await Enlist();
            return stored!;
        }

        // A model that cannot be scored must not take the traffic.
        await GrainFactory.GetGrain<IModelProbeGrain>(0).Probe(version, cancellationToken);
        var revision = Document.Deploy(Name, version, file.Digest, Actor.Current, time.GetUtcNow());
        Document.Requests.Keep(RequestKey.Current, revision.Number);
        await Store(Told("deployment.deployed", ("revision", Text(revision.Number)), ("model", $"{version.Model}/{Text(version.Version)}"), ("digest", file.Digest)));
        await Enlist();
        return stored!;
    }

    public Task<Deployment?> Get(CancellationToken cancellationToken = default) => Task.FromResult(stored);

    public async Task<Deployment> SetTraffic(IReadOnlyList<TrafficShare> traffic, CancellationToken cancellationToken = default)
    {
        Existing().SetTraffic(traffic, time.GetUtcNow());
        await Store(Told("deployment.traffic-set", ("traffic", Text(Document.Traffic))));
        return stored!;
    }

    public async Task<Deployment> Rollback(CancellationToken cancellationToken = default)
    {
        var before = Text(Existing().Traffic);
        if (Document.Requests.NumberOf(RequestKey.Current) is not null)
        {
            return stored!;
        }

        Document.Rollback(Name, time.GetUtcNow());
        Document.Requests.Keep(RequestKey.Current, Document.Traffic[0].Revision);
        await Store(Told("deployment.rolled-back", ("before", before), ("traffic", Text(Document.Traffic))));
        return stored!;
    }

    private DeploymentDocument Existing() => Document.Exists ? Document : throw MlopsException.NotFound("Deployment", Name);

    private async Task Store(params IReadOnlyList<AuditEntry> audit)
    {
        await Write(audit);
        stored = Document.View(Name);
    }

    private Task Enlist() => GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Deployments).Add(Name, CancellationToken.None);

    private AuditEntry Told(string action, params (string Key, string Value)[] detail) => new(action, $"deployment/{Name}", detail.ToDictionary(d => d.Key, d => d.Value));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(IReadOnlyList<TrafficShare> traffic) => string.Join(',', traffic.Select(s => $"{Text(s.Revision)}:{Text(s.Percent)}%"));
}
