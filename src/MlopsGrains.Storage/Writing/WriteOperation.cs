using System.Diagnostics;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Writing;

/// <summary>One write that waits for its group commit. It is either withdrawn by its caller or taken by the writer, never both.</summary>
internal abstract class WriteOperation(int payloadBytes)
{
    private const int BookkeepingBytes = 256;
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int state;
    private CancellationTokenRegistration registration;

    /// <summary>What the operation holds in memory while it waits.</summary>
    public long Bytes { get; } = payloadBytes + BookkeepingBytes;

    /// <summary>What it writes to, for whoever has to tell of it.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it is not wanted any more: a timestamp of <see cref="Stopwatch"/> has passed.</summary>
    public virtual bool IsLate => false;

    public bool TryTake()
    {
        registration.Unregister();
        if (IsLate)
        {
            Withdraw(new CancellationToken(canceled: true));
        }

        return Interlocked.CompareExchange(ref state, Taken, Waiting) == Waiting;
    }

    public void WithdrawOn(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            registration = cancellationToken.UnsafeRegister(static (operation, token) => ((WriteOperation)operation!).Withdraw(token), this);
        }
    }

    /// <summary>Publishes the outcome. Called once, after the commit.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);

    protected abstract void Cancel(CancellationToken cancellationToken);

    private void Withdraw(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref state, Withdrawn, Waiting) == Waiting)
        {
            Cancel(cancellationToken);
        }
    }
}

/// <summary>The writer sets <see cref="Outcome"/> (or <see cref="Refusal"/>) inside the transaction; the caller sees it after the commit.</summary>
internal abstract class WriteOperation<TOutcome>(int payloadBytes) : WriteOperation(payloadBytes)
{
    // Asynchronous continuations: a caller must never run on the writer.
    private readonly TaskCompletionSource<TOutcome> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TOutcome> Completion => completion.Task;

    public TOutcome? Outcome { get; set; }

    public Exception? Refusal { get; set; }

    public override void Complete()
    {
        if (Refusal is null)
        {
            completion.TrySetResult(Outcome!);
        }
        else
        {
            completion.TrySetException(Refusal);
        }
    }

    public override void Fail(Exception exception) => completion.TrySetException(exception);

    protected override void Cancel(CancellationToken cancellationToken) => completion.TrySetCanceled(cancellationToken);
}

/// <summary>A write to a stream of the journal.</summary>
internal abstract class StreamOperation(string stream, int payloadBytes) : WriteOperation<bool>(payloadBytes)
{
    public string Stream { get; } = stream;

    public override string Name => Stream;
}

internal sealed class AppendOperation(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, int payloadBytes, AppendOptions options)
    : StreamOperation(stream, payloadBytes)
{
    public override bool IsLate => Stopwatch.GetTimestamp() > options.NotAfter;

    public long ExpectedVersion { get; } = expectedVersion;

    public IReadOnlyList<ReadOnlyMemory<byte>> Entries { get; } = entries;

    public IReadOnlyList<ReadOnlyMemory<byte>> Intents { get; } = options.Intents ?? [];

    public IReadOnlyList<long> Delivered { get; } = options.Delivered ?? [];

    /// <summary>For one that is known not to be stored.</summary>
    public bool RefuseIfLate()
    {
        if (IsLate)
        {
            Refusal = new OperationCanceledException($"the append to stream \"{Stream}\" was withdrawn: it is not wanted any more");
        }

        return Refusal is OperationCanceledException;
    }

    /// <summary>Where a broken connection can hide a commit's outcome: the id of the first entry, by which it can be found. 0 before the first attempt.</summary>
    public long FirstId { get; set; }
}

internal sealed class SnapshotOperation(string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk> chunks, int payloadBytes)
    : StreamOperation(stream, payloadBytes)
{
    public long Version { get; } = version;

    public ReadOnlyMemory<byte> Payload { get; } = payload;

    public IReadOnlyList<SeriesChunk> Chunks { get; } = chunks;

    public void RefuseAsAhead(long head) => Refusal = new InvalidOperationException(
        $"a snapshot of stream \"{Stream}\" at version {Version} was refused: the stream is at version {head}");
}

internal sealed class DeleteOperation(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, int payloadBytes) : StreamOperation(stream, payloadBytes)
{
    public IReadOnlyList<ReadOnlyMemory<byte>> Intents => intents;

    /// <summary>The stream's version after it, where the engine says; 0 when nothing was deleted.</summary>
    public long MovedTo { get; set; }
}

internal sealed class RecordOperation(
    string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, IReadOnlyList<ReadOnlyMemory<byte>> intents, int intentBytes)
    : WriteOperation<long?>((payload?.Length ?? 0) + intentBytes)
{
    public IReadOnlyList<ReadOnlyMemory<byte>> Intents => intents;

    public string Kind { get; } = kind;

    public string Key { get; } = key;

    public override string Name => $"{Kind}/{Key}";

    public long ExpectedVersion { get; } = expectedVersion;

    public ReadOnlyMemory<byte>? Payload { get; } = payload;
}
