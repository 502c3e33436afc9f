namespace MlopsGrains.Server.Hosting;

/// <summary>Says when the machine's clock was set: times of day in answers and the log before and after do not compare, and whoever wonders shall find the reason.</summary>
internal sealed partial class ClockSteps(TimeProvider time, ILogger<ClockSteps> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var ahead = Ahead();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var step = Ahead() - ahead;
            ahead += step;
            if (step.Duration() >= Told)
            {
                Stepped(logger, step > TimeSpan.Zero ? "forward" : "back", Math.Round(step.Duration().TotalSeconds));
            }
        }
    }

    /// <summary>By how much the time of day is ahead of the time that nobody sets.</summary>
    private TimeSpan Ahead() => time.GetUtcNow() - DateTimeOffset.UnixEpoch - time.GetElapsedTime(0);

    [LoggerMessage(LogLevel.Warning, "The clock was set {Direction} by {Seconds} s. The server goes on: it measures time by a clock that nobody sets.")]
    private static partial void Stepped(ILogger logger, string direction, double seconds);
}
