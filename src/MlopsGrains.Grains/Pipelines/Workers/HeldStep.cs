using Microsoft.Extensions.Logging;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Workers;

/// <summary>One leased attempt: runs the executor, reports while it runs, and hands in the result until the run has taken it.</summary>
internal sealed partial class HeldStep(IPipelineRunGrain run, StepLease lease, StepContext context, IStepExecutor? executor, IReadOnlyList<StepFault> faults, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HandInDelayMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandInTimeMax = TimeSpan.FromMinutes(10);

    private bool stale;

    public async Task Run(CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var done = new CancellationTokenSource();
        var reporting = Report(stop, done.Token);
        var result = await Execute(stop.Token, stopping);
        await done.CancelAsync();
        await reporting;
        if (!stale)
        {
            await HandIn(result with { LogLines = [.. result.LogLines, .. context.TakeLines(PipelineRunRules.LinesPerCallMax)] }, stopping);
        }
    }

    private async Task<StepResult> Execute(CancellationToken cancellationToken, CancellationToken stopping)
    {
        try
        {
            return executor is null ? Failed($"This program knows no step '{lease.Uses}'.")
                : faults.Count > 0 ? Failed(string.Join(' ', faults.Select(f => $"with.{f.Message}.")))
                : await Task.Run(() => executor.Run(context, cancellationToken), cancellationToken);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return Lost("The worker is stopping.");
        }
        catch (Exception) when (stale)
        {
            StepStopped(logger, context.PipelineRunId, context.Step, context.Attempt);
            return Failed("The step was stopped.");
        }
        catch (Exception e) when (PlatformFaults.Is(e))
        {
            StepLost(logger, context.PipelineRunId, context.Step, context.Attempt, e);
            return Lost($"The platform failed under the step: {e.Message}");
        }
        catch (MlopsException e) when (e.Kind != ErrorKind.DataLoss)
        {
            StepRefused(logger, context.PipelineRunId, context.Step, context.Attempt, e.Message);
            return Failed(e.Message);
        }
#pragma warning disable CA1031 // Whatever a step throws is the step's failure and has to be told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            StepFailed(logger, context.PipelineRunId, context.Step, context.Attempt, e);
            return Failed(e is MlopsException ? e.Message : $"{e.Message} ({e.GetType().Name}; the server's log says where.)");
        }
    }

    private async Task Report(CancellationTokenSource stop, CancellationToken done)
    {
        var every = TimeSpan.FromSeconds(lease.LeaseSeconds / 3.0);
        var unsent = new List<string>();
        using var timer = new PeriodicTimer(ReportPeriod < every ? ReportPeriod : every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
            {
                unsent.AddRange(context.TakeLines(PipelineRunRules.LinesPerCallMax - unsent.Count));
                if (await Beat(unsent, stop))
                {
                    unsent.Clear();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The step is done; what was not sent goes with the result.
        }

        unsent.ForEach(context.Log);
    }

    private async Task<bool> Beat(List<string> lines, CancellationTokenSource stop)
    {
        try
        {
            var reply = await run.Heartbeat(lease.Token, [.. lines], CancellationToken.None);
            if (reply.Cancel)
            {
                stale = true;
                context.IsCancelled = true;
                await stop.CancelAsync();
            }

            return true;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.Conflict)
        {
            // Someone else has the step: this attempt's work counts for nothing any more.
            LeaseLost(logger, context.PipelineRunId, context.Step, context.Attempt);
            stale = true;
            await stop.CancelAsync();
            return true;
        }
#pragma warning disable CA1031 // An outage of the platform must not end the work; the next beat tries again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            BeatFailed(logger, context.PipelineRunId, context.Step, e);
            return false;
        }
    }

    private async Task HandIn(StepResult result, CancellationToken stopping)
    {
        var delay = TimeSpan.FromMilliseconds(100);
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await run.Complete(lease.Token, result, CancellationToken.None);
                return;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.Conflict)
            {
                LeaseLost(logger, context.PipelineRunId, context.Step, context.Attempt);
                return;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.InvalidInput && result.Outcome != StepOutcome.Failed)
            {
                result = Failed($"The result was refused: {e.Message}");
            }
            catch (Exception e) when (!stopping.IsCancellationRequested && time.GetElapsedTime(start) < HandInTimeMax)
            {
                BeatFailed(logger, context.PipelineRunId, context.Step, e);
                await Task.Delay(delay, time, CancellationToken.None);
                delay = delay * 2 < HandInDelayMax ? delay * 2 : HandInDelayMax;
            }
#pragma warning disable CA1031 // Stopping, or out of patience: the lease runs out and the step is tried elsewhere.
            catch (Exception e)
#pragma warning restore CA1031
            {
                BeatFailed(logger, context.PipelineRunId, context.Step, e);
                return;
            }
        }
    }

    private static StepResult Lost(string why) => new(StepOutcome.Lost, new Dictionary<string, string>(), why, []);

    private static StepResult Failed(string error) => new(StepOutcome.Failed, new Dictionary<string, string>(), error, []);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run}: step {Step}, attempt {Attempt} is lost: the platform failed under it. It is tried again.")]
    private static partial void StepLost(ILogger logger, string run, string step, int attempt, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run}: step {Step}, attempt {Attempt} failed.")]
    private static partial void StepFailed(ILogger logger, string run, string step, int attempt, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pipeline run {Run}: step {Step}, attempt {Attempt} failed: {Reason}")]
    private static partial void StepRefused(ILogger logger, string run, string step, int attempt, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pipeline run {Run}: step {Step}, attempt {Attempt} was stopped.")]
    private static partial void StepStopped(ILogger logger, string run, string step, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run}: attempt {Attempt} of step {Step} does not hold the step any more; its result is dropped.")]
    private static partial void LeaseLost(ILogger logger, string run, string step, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run}: step {Step} could not report; it tries again.")]
    private static partial void BeatFailed(ILogger logger, string run, string step, Exception exception);
}
