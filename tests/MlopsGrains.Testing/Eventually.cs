using System.Diagnostics;

namespace MlopsGrains.Testing;

/// <summary>Polls for something that another thread or process brings about.</summary>
public static class Eventually
{
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);

    public static Task Async(Func<bool> condition, TimeSpan? deadline = null, CancellationToken cancellationToken = default) =>
        Async(() => Task.FromResult(condition()), deadline, cancellationToken);

    /// <exception cref="TimeoutException">The condition was not met before the deadline (30 s by default).</exception>
    public static async Task Async(Func<Task<bool>> condition, TimeSpan? deadline = null, CancellationToken cancellationToken = default)
    {
        var limit = deadline ?? DefaultDeadline;
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"the condition was not met within {limit}");
            }

            await Task.Delay(10, cancellationToken);
        }
    }
}
