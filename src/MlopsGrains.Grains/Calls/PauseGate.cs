using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Calls;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// Notices that the process did not run for a while (a stopped process, a frozen machine, a very long collection of garbage) and holds every call and every write until it is known
/// what became of the world meanwhile. A beat is noted ten times a second; who passes looks at how old it is, so that not even the first call after a pause slips through.
/// </summary>
public sealed partial class PauseGate(IEnumerable<IAfterPause> checks, CallClock clock, ILogger<PauseGate> logger) : BackgroundService
{
    /// <summary>A silence that a busy machine does not explain.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>Until everything that came in meanwhile has been read, and with it who has gone away.</summary>
    internal static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Before the host has started and after it has stopped everything is let through.</summary>
    private const long Unwatched = long.MaxValue / 2;

    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long beat = Unwatched;
    private Task finding = Task.CompletedTask;

    /// <summary>Whether the process has been running without a pause, or knows what the last one did.</summary>
    public bool IsOpen => clock.Time.GetElapsedTime(Volatile.Read(ref beat)) < Tolerance;

    /// <summary>Returns at once while there was no pause, else when the gate opens again.</summary>
    public ValueTask Pass(CancellationToken cancellationToken = default) => IsOpen ? default : new(WaitAsync(cancellationToken));

    /// <summary>A thread of its own: the pool may be as busy after a pause as it likes.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        new Thread(() => Run(stoppingToken)) { IsBackground = true, Name = "MlopsGrains.PauseGate" }.Start();
        return stopped.Task;
    }

    private void Run(CancellationToken stopping)
    {
        Begin();
        while (!stopping.WaitHandle.WaitOne(Period))
        {
            Beat(stopping);
        }

        Volatile.Write(ref beat, Unwatched);
        stopped.SetResult();
    }

    /// <summary>From here on, silence is a pause.</summary>
    internal void Begin() => Volatile.Write(ref beat, clock.Time.GetTimestamp());

    /// <summary>Says that the process runs, and notices that it did not.</summary>
    internal void Beat(CancellationToken stopping)
    {
        if (!finding.IsCompleted)
        {
            return;
        }

        var silence = clock.Time.GetElapsedTime(beat);
        if (silence >= Tolerance)
        {
            Paused(logger, silence.TotalSeconds);
            finding = FindOut(silence, stopping);
        }
        else
        {
            Begin();
        }
    }

    /// <summary>An answer counts when no other pause came while it was given.</summary>
    private async Task FindOut(TimeSpan silence, CancellationToken stopping)
    {
        for (var known = false; !known && !stopping.IsCancellationRequested;)
        {
            var began = clock.Time.GetTimestamp();
            try
            {
                await Task.Delay(Settling, clock.Time, stopping);
                await Task.WhenAll(checks.Select(check => check.CheckAsync(silence, stopping)));
                known = clock.Time.GetElapsedTime(began) < Tolerance;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                CheckFailed(logger, e);
            }
        }

        Begin();
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!IsOpen)
        {
            await Task.Delay(Look, clock.Time, cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "This process did not run for {Seconds:F1} s. Calls and writes wait until it is known what happened meanwhile.")]
    private static partial void Paused(ILogger logger, double seconds);

    [LoggerMessage(LogLevel.Warning, "What happened during the pause could not be found out; it is tried again.")]
    private static partial void CheckFailed(ILogger logger, Exception exception);
}
