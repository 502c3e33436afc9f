using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>The stored document and its rules.</summary>
internal sealed class DeploymentDocument : StoredDocument
{
    public const int RevisionsMax = 10_000;

    public List<DeploymentRevision> Revisions { get; set; } = [];

    public IReadOnlyList<TrafficShare> Traffic { get; set; } = [];

    public List<AnsweredRequest> Requests { get; set; } = [];

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public bool Exists => Revisions.Count > 0;

    public Deployment View(string name) => new(name, [.. Revisions], Traffic, CreatedAt, UpdatedAt);

    /// <summary>Whether all traffic goes to this model version already.</summary>
    public bool Serves(ModelVersion version) =>
        Traffic is [var only] && Revisions[only.Revision - 1] is var revision && revision.Model == version.Model && revision.ModelVersion == version.Version && revision.Digest == version.Blob?.Digest;

    public DeploymentRevision Deploy(string name, ModelVersion version, string digest, string actor, DateTimeOffset now)
    {
        if (Revisions.Count >= RevisionsMax)
        {
            throw MlopsException.Conflict($"Deployment '{name}' has {RevisionsMax} revisions, the most it can have.");
        }

        CreatedAt = Exists ? CreatedAt : now;
        var revision = new DeploymentRevision(Revisions.Count + 1, version.Model, version.Version, digest, now, actor);
        Revisions.Add(revision);
        Route([new TrafficShare(revision.Number, 100)], now);
        return revision;
    }

    public void SetTraffic(IReadOnlyList<TrafficShare> traffic, DateTimeOffset now) => Route(TrafficSplit.Check(traffic, Revisions.Count), now);

    /// <summary>The revision that a rollback leads to.</summary>
    public int RollbackTarget(string name)
    {
        var newest = Traffic.Max(s => s.Revision);
        return newest > 1 ? newest - 1 : throw MlopsException.Conflict($"Deployment '{name}' serves its first revision; there is none before it.");
    }

    public void Rollback(string name, DateTimeOffset now) => Route([new TrafficShare(RollbackTarget(name), 100)], now);

    private void Route(IReadOnlyList<TrafficShare> traffic, DateTimeOffset now)
    {
        Traffic = traffic;
        UpdatedAt = now;
    }
}
