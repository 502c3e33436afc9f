using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

internal static class RunStatuses
{
    public static bool HasEnded(this RunStatus status) => status is RunStatus.Finished or RunStatus.Failed or RunStatus.Killed;
}
