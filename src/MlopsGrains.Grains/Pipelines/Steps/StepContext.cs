using System.Collections.Concurrent;
using System.Globalization;
using MlopsGrains.Blobs;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>What an attempt is given: its inputs and its ways to the platform.</summary>
public sealed class StepContext(string pipelineRunId, StepLease lease, StepInputs with, IGrainFactory grains, IBlobs blobs, TimeProvider time)
{
    private readonly ConcurrentQueue<string> lines = new();
    private int count;

    public string PipelineRunId { get; } = pipelineRunId;

    public string Pipeline => lease.Pipeline;

    public string Step => lease.Token.Step;

    public int Attempt => lease.Token.Attempt;

    /// <summary>The same for every attempt of this step of this run.</summary>
    public string Key => lease.Key;

    /// <summary>Deployments whose alerts start this pipeline.</summary>
    public IReadOnlyList<string> AlertTriggers => lease.AlertTriggers ?? [];

    public IGrainFactory Grains { get; } = grains;

    public IBlobs Blobs { get; } = blobs;

    public TimeProvider Time { get; } = time;

    /// <summary>The resolved <c>with</c>, and the defaults of what it leaves out.</summary>
    public StepInputs With { get; } = with;

    /// <summary>Whether the step was told to stop because its run was cancelled.</summary>
    public bool IsCancelled { get; internal set; }

    /// <summary>Adds a line to the run's log; it is sent with the next heartbeat.</summary>
    public void Log(string line)
    {
        // The run keeps no more than this, so a chatty step must not fill the memory either.
        if (Interlocked.Increment(ref count) <= PipelineLimits.LogLinesMax)
        {
            lines.Enqueue(line);
        }
    }

    public void Log(IFormattable line) => Log(line.ToString(null, CultureInfo.InvariantCulture));

    /// <summary>Runs processor-heavy work on a thread of its own below normal priority, so that the silo's threads stay free.</summary>
    public static Task<T> Compute<T>(Func<T> work) => Task.Factory.StartNew(
        () =>
        {
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
            return work();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    public static StepResult Succeeded(params (string Key, string Value)[] outputs) =>
        new(StepOutcome.Succeeded, outputs.ToDictionary(o => o.Key, o => o.Value), null, []);

    public static StepResult Rejected(string reason) => new(StepOutcome.Rejected, new Dictionary<string, string>(), reason, []);

    internal List<string> TakeLines(int max)
    {
        var taken = new List<string>();
        while (taken.Count < max && lines.TryDequeue(out var line))
        {
            taken.Add(line);
        }

        return taken;
    }

    internal bool HasLines => !lines.IsEmpty;
}
