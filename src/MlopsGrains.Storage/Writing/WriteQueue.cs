using System.Threading.Channels;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Writing;

/// <summary>
/// What waits for one writer, bounded in operations and in bytes. What the writer has taken counts until it is committed, so the bound
/// covers all memory held. An operation larger than the byte bound is let in when nothing else waits.
/// </summary>
internal sealed class WriteQueue
{
    private static readonly TimeSpan RetryAfterMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(1);

    private readonly Channel<WriteOperation> channel;
    private readonly int lengthMax;
    private readonly long bytesMax;
    private long length;
    private long bytes;
    private long batchesTaken;
    private double millisecondsPerOperation = 1;

    /// <param name="lengthMax">Operations.</param>
    /// <param name="bytesMax">Bytes of payload and bookkeeping.</param>
    /// <param name="writerBlocks">The writer owns a thread and waits on it: then waking it needs no thread of the pool, which may be busy.</param>
    public WriteQueue(int lengthMax, long bytesMax, bool writerBlocks)
    {
        this.lengthMax = lengthMax;
        this.bytesMax = bytesMax;
        channel = Channel.CreateUnbounded<WriteOperation>(new UnboundedChannelOptions
        {
            SingleReader = true,
            AllowSynchronousContinuations = writerBlocks,
        });
    }

    /// <summary>How often the writer has come for work.</summary>
    public long BatchesTaken => Interlocked.Read(ref batchesTaken);

    public long Length => Interlocked.Read(ref length);

    /// <summary>Whether nothing comes any more.</summary>
    public bool IsClosed { get; private set; }

    public void Enqueue(WriteOperation operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var lengthNow = Interlocked.Increment(ref length);
        var bytesNow = Interlocked.Add(ref bytes, operation.Bytes);
        if (lengthNow > lengthMax || (bytesNow > bytesMax && bytesNow > operation.Bytes))
        {
            Release(1, operation.Bytes);
            throw new JournalFullException(
                $"the journal's queue is full (QueueLengthMax {lengthMax} operations, QueueBytesMax {bytesMax} bytes); nothing was written",
                RetryAfter());
        }

        operation.WithdrawOn(cancellationToken);
        if (!channel.Writer.TryWrite(operation))
        {
            operation.TryTake();
            Release(1, operation.Bytes);
            throw new JournalUnavailableException("the journal is closed; nothing was written");
        }
    }

    /// <summary>Stops accepting; what waits is still handed to the writer.</summary>
    public void Close()
    {
        IsClosed = true;
        channel.Writer.TryComplete();
    }

    public ValueTask<bool> WaitAsync() => channel.Reader.WaitToReadAsync();

    /// <summary>Moves what waits into <paramref name="batch"/>, at least one operation.</summary>
    public void Take(Batch batch, int operationsMax, long batchBytesMax)
    {
        while (batch.Taken < operationsMax
            && channel.Reader.TryPeek(out var next)
            && (batch.Taken == 0 || batch.Bytes + next.Bytes <= batchBytesMax)
            && channel.Reader.TryRead(out var operation))
        {
            batch.Add(operation);
        }

        Interlocked.Increment(ref batchesTaken);
    }

    /// <summary>Gives back the room of a finished batch.</summary>
    public void Release(Batch batch, TimeSpan duration)
    {
        if (batch.Taken > 0)
        {
            Volatile.Write(ref millisecondsPerOperation, duration.TotalMilliseconds / batch.Taken);
            Release(batch.Taken, batch.Bytes);
        }
    }

    private void Release(int operations, long operationBytes)
    {
        Interlocked.Add(ref length, -operations);
        Interlocked.Add(ref bytes, -operationBytes);
    }

    private TimeSpan RetryAfter()
    {
        var drained = TimeSpan.FromMilliseconds(Math.Min(Length * Volatile.Read(ref millisecondsPerOperation), RetryAfterMax.TotalMilliseconds));
        return drained < RetryAfterMin ? RetryAfterMin : drained;
    }

    /// <summary>One group commit's operations; withdrawn ones are counted and left out.</summary>
    internal sealed class Batch
    {
        public List<WriteOperation> Operations { get; } = [];

        public int Taken { get; private set; }

        public long Bytes { get; private set; }

        public void Add(WriteOperation operation)
        {
            Taken++;
            Bytes += operation.Bytes;
            if (operation.TryTake())
            {
                Operations.Add(operation);
            }
        }

        public void Clear()
        {
            Operations.Clear();
            Taken = 0;
            Bytes = 0;
        }
    }
}
