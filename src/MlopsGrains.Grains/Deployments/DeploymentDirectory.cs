using System.Collections.Concurrent;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>
/// What this silo knows of deployments, at most <see cref="FreshFor"/> old, so that the hot path makes one small grain call a deployment and half second,
/// whatever the traffic, and a redeploy is seen within a second.
/// </summary>
internal sealed class DeploymentDirectory(IGrainFactory grains, TimeProvider time)
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(500);

    private const int KnownMax = 10_000;

    private readonly ConcurrentDictionary<string, Known> deployments = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Model, int Version, string Digest), ModelVersion> versions = new();

    /// <summary>A deployment as it was less than <see cref="FreshFor"/> ago; <paramref name="now"/> asks again in any case.</summary>
    public async Task<Deployment> Get(string name, bool now, CancellationToken cancellationToken)
    {
        var known = deployments.GetValueOrDefault(name);
        if (now || known is null || time.GetElapsedTime(known.Since) >= FreshFor)
        {
            known = Refresh(CheckName(name), known);
        }

        try
        {
            return await known.Deployment.Value.WaitAsync(cancellationToken) ?? throw MlopsException.NotFound("Deployment", name);
        }
        catch when (!cancellationToken.IsCancellationRequested)
        {
            deployments.TryRemove(new(name, known));
            throw;
        }
    }

    /// <summary>A model version; what it is scored with never changes.</summary>
    public async ValueTask<ModelVersion> Version(DeploymentRevision revision, CancellationToken cancellationToken)
    {
        var key = (revision.Model, revision.ModelVersion, revision.Digest);
        if (versions.TryGetValue(key, out var known))
        {
            return known;
        }

        var version = await grains.GetGrain<IRegisteredModelGrain>(revision.Model).Served(revision.ModelVersion, revision.Digest, cancellationToken);
        if (versions.Count >= KnownMax)
        {
            versions.Clear();
        }

        versions[key] = version;
        return version;
    }

    /// <summary>A name that cannot exist does not exist; no grain is woken for it.</summary>
    private static string CheckName(string name)
    {
        try
        {
            return Names.Check("deployment", name);
        }
        catch (MlopsException)
        {
            throw MlopsException.NotFound("Deployment", name);
        }
    }

    /// <summary>Callers that find the same old entry share one question.</summary>
    private Known Refresh(string name, Known? old)
    {
        if (deployments.Count >= KnownMax)
        {
            deployments.Clear();
        }

        var fresh = new Known(time.GetTimestamp(), new Lazy<Task<Deployment?>>(() => grains.GetGrain<IDeploymentGrain>(name).Get(CancellationToken.None)));
        var current = old is null ? deployments.GetOrAdd(name, fresh)
            : deployments.TryUpdate(name, fresh, old) ? fresh
            : deployments.GetOrAdd(name, fresh);
        return current;
    }

    private sealed record Known(long Since, Lazy<Task<Deployment?>> Deployment);
}
