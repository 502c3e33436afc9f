using Microsoft.Extensions.Hosting;

namespace MlopsGrains.Grains.Calls;

/// <summary>For services that call grains all the time: the silo of a host whose start fails is taken down under whoever calls.</summary>
internal static class HostStart
{
    /// <summary>Returns when the host has started, never within its start.</summary>
    /// <exception cref="OperationCanceledException">It stops, or could not start.</exception>
    public static async Task WaitAsync(this IHostApplicationLifetime lifetime, CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stopping);
    }
}
