using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Deployments;

/// <summary>The single writer of a deployment's history: one small entry a silo and <see cref="ServingFlushService.Period"/> while it is asked anything.</summary>
[GrainType("deployment-metrics")]
internal sealed class DeploymentMetricsGrain(IJournal journal, TimeProvider time)
    : JournalGrain<ServingHistory, ServingEvent>(journal, new JsonJournalCodec<ServingHistory, ServingEvent>()), IDeploymentMetricsGrain
{
    public async Task Count(ServingDelta delta, CancellationToken cancellationToken = default)
    {
        Names.Check("deployment", this.GetPrimaryKeyString());
        ServingHistory.Check(delta, time.GetUtcNow());
        if (!State.HasCounted(delta))
        {
            await Record(new ServingCounted(delta));
        }
    }

    public Task<DeploymentMetrics> Read(DateTimeOffset from, DateTimeOffset to, int points, CancellationToken cancellationToken = default)
    {
        Limit.Page("points", points, ServingLimits.PointsMax);
        var now = time.GetUtcNow();
        if (from >= to)
        {
            throw MlopsException.Invalid("from", $"from is {from:O}; must be before to, {to:O}.");
        }

        return from < now.AddHours(-ServingLimits.HoursKept - 1)
            ? throw MlopsException.Invalid("from", $"from is {from:O}; at most {ServingLimits.HoursKept / 24} days ago.")
            : to > now.AddDays(1) ? throw MlopsException.Invalid("to", $"to is {to:O}; at most a day ahead.")
            : Task.FromResult(State.Read(this.GetPrimaryKeyString(), from, to, points, now));
    }

    protected override void Apply(ServingHistory state, ServingEvent e) => state.Apply(e);
}
