using Microsoft.Extensions.Logging;

namespace MlopsGrains.Gateway.Live;

/// <summary>An event as it goes over the wire.</summary>
/// <param name="Version">The version of the thing after it; several may share one.</param>
/// <param name="Bytes">UTF-8, with the empty line at its end.</param>
internal sealed record LiveFrame(long Version, byte[] Bytes);

/// <param name="Version">From where to ask next.</param>
/// <param name="Frames">In order.</param>
internal sealed record LiveAnswer(long Version, IReadOnlyList<LiveFrame> Frames);

/// <summary>Asks for events after a version (all there is to know without one), waiting for some if need be.</summary>
internal delegate Task<LiveAnswer> LiveSource(long? after, TimeSpan wait, CancellationToken cancellationToken);

/// <summary>
/// One thing that readers of this process watch: one loop asks for its events, however many readers there are, and keeps the latest. A reader goes at its own pace; one
/// that falls behind what is kept asks for itself.
/// </summary>
internal sealed partial class LiveFeed(LiveSource source, ILogger logger)
{
    private const int BytesMax = 4 * 1024 * 1024;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly Queue<LiveFrame> frames = new();
    private TaskCompletionSource bell = NewBell();
    private long bytes;
    private long? start;

    /// <summary>Done at the next event.</summary>
    public Task Next
    {
        get
        {
            lock (gate)
            {
                return bell.Task;
            }
        }
    }

    /// <summary>Events after a version that a reader has, or <see langword="null"/> when some of them are not kept here.</summary>
    public IReadOnlyList<LiveFrame>? After(long version)
    {
        lock (gate)
        {
            return start is null ? [] : version < start ? null : [.. frames.Where(f => f.Version > version)];
        }
    }

    public async Task Run(CancellationToken cancellationToken)
    {
        long? version = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var answer = await source(version, version is null ? TimeSpan.Zero : Wait, cancellationToken);
                Keep(answer, isFirst: version is null);
                version = answer.Version;
                if (answer.Frames.Count > 0)
                {
                    await Task.Delay(Pace, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
            }
#pragma warning disable CA1031 // A silo that went away comes back; readers hear beats meanwhile.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Failed(logger, e);
                await Task.Delay(RetryAfter, CancellationToken.None);
            }
        }
    }

    private void Keep(LiveAnswer answer, bool isFirst)
    {
        TaskCompletionSource rung;
        lock (gate)
        {
            if (isFirst)
            {
                start = answer.Version;
            }
            else
            {
                foreach (var frame in answer.Frames)
                {
                    frames.Enqueue(frame);
                    bytes += frame.Bytes.Length;
                }

                while (bytes > BytesMax)
                {
                    var dropped = frames.Dequeue();
                    start = dropped.Version;
                    bytes -= dropped.Bytes.Length;
                }
            }

            rung = bell;
            bell = NewBell();
        }

        rung.TrySetResult();
    }

    private static TaskCompletionSource NewBell() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Warning, "A live feed could not be read; it is tried again")]
    private static partial void Failed(ILogger logger, Exception exception);
}
