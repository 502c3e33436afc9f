using Microsoft.Extensions.Logging;

namespace MlopsGrains.Client.Experiments.Context;

/// <summary>Logs samples of the machine as <c>system/…</c> metrics of a run until it is disposed. The steps count the samples.</summary>
internal sealed partial class SystemMetrics : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task sampling;

    public SystemMetrics(ActiveRun run, TimeSpan interval, TimeProvider time, ILogger logger) =>
        sampling = Task.Run(() => SampleAsync(run, interval, time, logger));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await sampling;
        stop.Dispose();
    }

    private async Task SampleAsync(ActiveRun run, TimeSpan interval, TimeProvider time, ILogger logger)
    {
        using var probe = new MachineProbe(time);
        using var timer = new PeriodicTimer(interval, time);
        for (var step = 0L; ; step++)
        {
            try
            {
                if (!await timer.WaitForNextTickAsync(stop.Token))
                {
                    return;
                }

                run.LogMetrics(await probe.ReadAsync(stop.Token), step);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                NotRead(logger, e.Message);
            }
            catch (Errors.MlopsException)
            {
                return; // The run has ended.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A sample of the machine could not be read: {Reason}")]
    private static partial void NotRead(ILogger logger, string reason);
}
