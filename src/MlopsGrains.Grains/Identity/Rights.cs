using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Identity;

/// <summary>Holds what the platform does for a user to what the user may do at that moment.</summary>
internal sealed class Rights(IGrainFactory grains)
{
    /// <summary>Refuses as a gateway would: not found for what the user may not see, denied for what lacks more.</summary>
    /// <returns>What is not there yet; when it is made it becomes the user's (<see cref="Own"/>).</returns>
    public async Task<IReadOnlyList<Right>> Require(Principal who, IEnumerable<Right> rights, CancellationToken cancellationToken)
    {
        var directory = (await Accounts.ReadUsers(-1, cancellationToken))!;
        if (directory.Users.FirstOrDefault(u => u.Id == who.UserId) is not { } user)
        {
            throw MlopsException.Denied($"User '{who.Name}', for whom this is done, is not there any more.");
        }

        var levels = (await Accounts.ReadPermissions(who.UserId, -2, cancellationToken))!.Permissions.ToDictionary(p => p.On, p => p.Level);
        var absent = new List<Right>();
        foreach (var right in rights)
        {
            if (await IsAbsent(who, user.IsAdministrator, levels, right, cancellationToken))
            {
                absent.Add(right);
            }
        }

        return absent;
    }

    /// <summary>What was made meanwhile of what was not there is the user's.</summary>
    public async Task Own(Principal who, IReadOnlyList<Right> absent, CancellationToken cancellationToken)
    {
        foreach (var right in absent)
        {
            var (on, _, _) = await Find(right, cancellationToken);
            if (on is not null && await Exists(on, cancellationToken))
            {
                await Accounts.Created(who.Name, on, cancellationToken);
            }
        }
    }

    private IAccountsGrain Accounts => grains.GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    private async Task<bool> IsAbsent(Principal who, bool mayAll, Dictionary<PermissionOn, PermissionLevel> levels, Right right, CancellationToken cancellationToken)
    {
        if (right is Right.ToRead { Digest: var digest })
        {
            return mayAll || await grains.GetGrain<IBlobNamesGrain>(0).MayRead(digest, who, cancellationToken) ? false : throw MlopsException.NotFound("Blob", digest);
        }

        var (on, needed, missing) = await Find(right, cancellationToken);
        var orCreates = right is Right.On { OrCreates: true } or Right.OnExperimentNamed;
        if (on is null)
        {
            return orCreates ? true : throw missing;
        }

        if (orCreates && !await Exists(on, cancellationToken))
        {
            return true;
        }

        var level = mayAll ? PermissionLevel.Manage : levels.GetValueOrDefault(on, who.Default);
        return level >= needed ? false
            : throw (level < PermissionLevel.Read
                ? missing
                : MlopsException.Denied($"This needs {needed.ToString().ToUpperInvariant()} on {on.InWords}; '{who.Name}', for whom it is done, has {level.ToString().ToUpperInvariant()}."));
    }

    private async Task<(PermissionOn? On, PermissionLevel Level, MlopsException Missing)> Find(Right right, CancellationToken cancellationToken)
    {
        switch (right)
        {
            case Right.On on:
                return (new PermissionOn(on.Kind, on.Id), on.Level, Missing(on));
            case Right.OnExperimentNamed named:
                var experiment = await grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).FindByName(named.Name, cancellationToken);
                return (experiment is null ? null : new(PermissionKind.Experiment, experiment.ExperimentId), named.Level, TrackingErrors.NoExperimentNamed(named.Name));
            case Right.OnRun { RunId: var id } ofRun:
                var run = await grains.GetGrain<IRunGrain>(id).Get(cancellationToken);
                return (run is null ? null : new(PermissionKind.Experiment, run.Info.ExperimentId), ofRun.Level, TrackingErrors.NoRun(id));
            default:
                throw new NotSupportedException($"{right} is on nothing.");
        }
    }

    private static MlopsException Missing(Right.On on) => on.Kind switch
    {
        PermissionKind.Experiment => TrackingErrors.NoExperiment(on.Id),
        PermissionKind.RegisteredModel => RegistryErrors.NoModel(on.Id),
        _ => MlopsException.NotFound(on.Kind.ToString(), on.Id),
    };

    private async Task<bool> Exists(PermissionOn on, CancellationToken cancellationToken) => on.Kind switch
    {
        PermissionKind.Experiment => true,
        PermissionKind.RegisteredModel => await grains.GetGrain<IRegisteredModelGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Dataset => await grains.GetGrain<IDatasetGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Deployment => await grains.GetGrain<IDeploymentGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Monitor => await grains.GetGrain<IMonitorGrain>(on.Id).Get(cancellationToken) is not null,
        _ => true,
    };
}
