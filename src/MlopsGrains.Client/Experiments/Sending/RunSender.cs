using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>
/// Takes a run's batches from its buffer and delivers them one after another under rising numbers, so that the platform applies each once. While the platform is
/// away they go to the spool, if there is one, and from there to the platform in the same order.
/// </summary>
internal sealed partial class RunSender : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    /// <summary>With a spool at hand a platform that hangs is not waited for longer.</summary>
    public static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(5);

    private readonly BatchBuffer buffer;
    private readonly RunDoor door;
    private readonly string producerId;
    private readonly RunSpool? spool;
    private readonly TimeSpan pauseMax;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ArrayBufferWriter<byte> body = new(64 * 1024);
    private readonly CancellationTokenSource abandon = new(); // Nothing is tried any more.
    private readonly CancellationTokenSource hurry = new(); // Nothing is waited for any more.
    private readonly Lock sync = new();
    private readonly Task sending;
    private Task draining = Task.CompletedTask;
    private bool isDraining;
    private long sequence;

    public RunSender(BatchBuffer buffer, RunDoor door, string producerId, RunSpool? spool, TimeSpan pauseMax, TimeProvider time, ILogger logger)
    {
        this.buffer = buffer;
        this.door = door;
        this.producerId = producerId;
        this.spool = spool;
        this.pauseMax = pauseMax;
        this.time = time;
        this.logger = logger;
        sending = Task.Run(SendAsync);
        if (spool is { IsEmpty: false })
        {
            Drain(); // The run's start waits there.
        }
    }

    /// <summary>Records that wait in the spool.</summary>
    public long Spooled => spool?.Records ?? 0;

    /// <summary>Done when everything that was logged before is stored by the platform, or in the spool. Throws the first refusal since the last flush.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await buffer.FlushAsync().WaitAsync(cancellationToken);
        if (door.TakeRefusal() is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>
    /// Stores a file of the run, in the spool while the platform is away. Behind whatever waits there, so that an older file of the same path does not come later;
    /// a stream that cannot be read twice goes there at once.
    /// </summary>
    public async Task StoreArtifactAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var start = content.CanSeek ? content.Position : 0;
        if (content.CanSeek && spool!.IsEmpty && await door.TryUploadAsync(path, content, cancellationToken))
        {
            return;
        }

        if (content.CanSeek)
        {
            content.Position = start;
        }

        if (!await spool!.TryAppendArtifactAsync(path, content, cancellationToken))
        {
            throw MlopsException.Unavailable($"The platform is away, and the file '{path}' does not fit into the spool ({nameof(TrackingOptions.SpoolBytesMax)}).");
        }

        ClientTelemetry.Spooled.Add(1);
        Drain();
    }

    /// <summary>
    /// Delivers what is left and then <paramref name="update"/>. What the platform does not take now stays in the spool; without a spool it is tried until
    /// <paramref name="deadline"/>, and then what is lost is thrown.
    /// </summary>
    public async Task EndAsync(RunUpdate update, CancellationToken deadline)
    {
        buffer.Complete();
        await using var giveUp = deadline.Register(abandon.Cancel);
        await hurry.CancelAsync();
        await sending;
        await StoreAsync(new SpoolRecord(SpoolKind.Update, JsonSerializer.SerializeToUtf8Bytes(update, GatewayJson.Options)));
        if (spool is { IsEmpty: false })
        {
            Drain();
            await draining;
        }

        if (door.TakeRefusal() is { } refusal)
        {
            throw refusal;
        }
    }

    public async ValueTask DisposeAsync()
    {
        buffer.Complete();
        await abandon.CancelAsync();
        await hurry.CancelAsync();
        await Task.WhenAll(sending, draining).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Ending the run has thrown what is to be said.
        spool?.Dispose();
        buffer.Dispose();
        abandon.Dispose();
        hurry.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            while (await buffer.TakeAsync() is { } batch)
            {
                if (batch.Entries > 0)
                {
                    body.ResetWrittenCount();
                    BatchJson.Write(body, batch, new ProducerPosition(producerId, ++sequence));
                    await StoreAsync(new SpoolRecord(SpoolKind.Batch, body.WrittenMemory));
                }

                buffer.Settle(batch);
            }
        }
        catch (Exception e)
        {
            buffer.Fail(e);
            throw;
        }
    }

    /// <summary>Returns when the record is safe: with the platform, or in the spool.</summary>
    private async Task StoreAsync(SpoolRecord record)
    {
        for (var pause = FirstPause; ; pause = Longer(pause))
        {
            // Whatever waits in the spool goes first; once it is empty its last record is stored.
            if (spool is null or { IsEmpty: true } && await DeliverAsync(record))
            {
                return;
            }

            if (TrySpool(record))
            {
                ClientTelemetry.Spooled.Add(1);
                Drain();
                return;
            }

            if (abandon.IsCancellationRequested)
            {
                throw MlopsException.Unavailable($"The platform was away when run '{door.RunId}' ended: {buffer.Unsettled} entries{(spool is null ? " and there is no spool" : "; the spool takes no more")}.");
            }

            await Task.Delay(pause, time, abandon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> DeliverAsync(SpoolRecord record)
    {
        if (spool is null)
        {
            return await door.DeliverAsync(record, abandon.Token);
        }

        using var patience = new CancellationTokenSource(PatienceMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, abandon.Token);
        return await door.DeliverAsync(record, either.Token);
    }

    private bool TrySpool(SpoolRecord record)
    {
        try
        {
            return spool?.TryAppend(record.Kind, record.Payload) ?? false;
        }
        catch (IOException e)
        {
            SpoolFailed(logger, door.RunId, e.Message);
            return false;
        }
    }

    private void Drain()
    {
        lock (sync)
        {
            if (!isDraining)
            {
                isDraining = true;
                draining = Task.Run(DrainAsync);
            }
        }
    }

    private async Task DrainAsync()
    {
        for (var pause = FirstPause; ; pause = Longer(pause))
        {
            while (spool!.Peek() is { } record)
            {
                if (!await door.DeliverAsync(record, abandon.Token))
                {
                    break;
                }

                spool.Advance(record);
                pause = FirstPause;
            }

            lock (sync)
            {
                if (spool.IsEmpty || hurry.IsCancellationRequested)
                {
                    isDraining = false;
                    return;
                }
            }

            await Task.Delay(pause, time, hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan Longer(TimeSpan pause) => pause * 2 < pauseMax ? pause * 2 : pauseMax;

    [LoggerMessage(Level = LogLevel.Error, Message = "The spool of run {RunId} cannot be written: {Reason}")]
    private static partial void SpoolFailed(ILogger logger, string runId, string reason);
}
