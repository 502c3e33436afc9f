using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Identity;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using Orleans.EventSourcing;
using Orleans.EventSourcing.CustomStorage;

namespace MlopsGrains.Grains.Journaling;

/// <summary>
/// A grain whose state is the fold of its journal. <see cref="Record(TEvent, IReadOnlyList{AuditEntry})"/> returns when the event is durable and applied; when it throws, the state is
/// still what is stored. The journal's primary key is the fence: an activation that lost it reloads, answers 503 and goes away.
/// The state class carries <c>[Immutable]</c>: the log adaptor copies the empty state once at setup and would ask for a serializer of it otherwise.
/// </summary>
#pragma warning disable CA1001 // A semaphore that nobody takes a wait handle of owns nothing.
public abstract class JournalGrain<TState, TEvent>(IJournal journal, IJournalCodec<TState, TEvent> codec)
#pragma warning restore CA1001
    : JournaledGrain<TState, TEvent>, ICustomStorageInterface<TState, TEvent>
    where TState : class, new()
    where TEvent : class
{
    private const int SnapshotBytesMin = 256 * 1024;

    /// <summary>Below this an ended grain's entries are as good as a snapshot of them.</summary>
    private const int LastSnapshotBytesMin = 4 * 1024;

    private readonly SemaphoreSlim oneAtATime = new(1);
    private bool hasRead;
    private CallGate? gate;
    private IntentDelivery? delivery;
    private MlopsException? unreadable;
    private long tailBytes;
    private long snapshotBytes;

    /// <summary>The journal's stream: grain type and key.</summary>
    protected string Stream => $"{this.GetGrainId().Type}/{this.GetPrimaryKeyString()}";

    public async Task<KeyValuePair<int, TState>> ReadStateFromStorage()
    {
        try
        {
            var slice = !hasRead && UnusedId.Current == this.GetPrimaryKeyString() ? JournalSlice.Empty : await ReadJournal();
            var state = Fold(slice);
            hasRead = true;
            unreadable = null;
            snapshotBytes = slice.Snapshot?.Length ?? 0;
            tailBytes = slice.Entries.Sum(e => (long)e.Length);
            return new(checked((int)slice.Version), state);
        }
        catch (StoredDamageException e)
        {
            // The log adaptor repeats a failed read for ever, and damage does not go away by that.
            unreadable = new MlopsException(ErrorKind.DataLoss, e.Message);
            return new(0, new TState());
        }
        catch (Exception e) when (PassingFault.Is(e))
        {
            // A caller need not wait until the database is there again.
            unreadable = MlopsException.Unavailable($"'{Stream}' could not be read: {e.Message}");
            return new(0, new TState());
        }
    }

    /// <summary>A grain whose journal is damaged, or cannot be read now, does not come to life: its callers hear why, and the next call looks again.</summary>
    /// <exception cref="MlopsException"><see cref="ErrorKind.DataLoss"/>, naming the stream and the entry, or <see cref="ErrorKind.Unavailable"/>.</exception>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        ThrowIfUnread();
    }

    /// <summary>
    /// Only folds: <see cref="Record(IReadOnlyList{TEvent}, IReadOnlyList{AuditEntry})"/> has stored the events already. The log adaptor repeats a failed write for ever, and the caller
    /// has to hear of it instead, so no failure is ever shown to the adaptor.
    /// </summary>
    public Task<bool> ApplyUpdatesToStorage(IReadOnlyList<TEvent> updates, int expectedVersion) => Task.FromResult(true);

    /// <summary>Folds one event into the state. Pure: no clock, no randomness, no calls.</summary>
    protected abstract void Apply(TState state, TEvent e);

    /// <summary>Whether <see cref="ApplyDamaged"/> keeps the state right around an entry that cannot be read. A state that is the sum of all its events must not go on without one.</summary>
    protected virtual bool GoesOnAroundDamage => false;

    /// <summary>Folds in that an entry cannot be read.</summary>
    protected virtual void ApplyDamaged(TState state)
    {
    }

    protected sealed override void TransitionState(TState state, TEvent e) => Apply(state, e);

    /// <summary>Makes the event durable and applies it.</summary>
    protected Task Record(TEvent e, params IReadOnlyList<AuditEntry> audit) => Record([e], audit);

    /// <summary>Makes the events durable, all or none, and applies them.</summary>
    /// <param name="events">At least one.</param>
    /// <param name="audit">What the audit chain hears of it: stored with the events, so never lost, and told once.</param>
    /// <exception cref="MlopsException">
    /// <see cref="ErrorKind.Overloaded"/> when the journal pushes back, <see cref="ErrorKind.Unavailable"/> when another activation was first or storage failed.
    /// </exception>
    protected async Task Record(IReadOnlyList<TEvent> events, params IReadOnlyList<AuditEntry> audit)
    {
        await Store(events, audit, []);
        await Delivery.Deliver(audit);
    }

    /// <summary>Makes the events durable, all or none, in the place of the intents that they deliver, and applies them.</summary>
    private protected Task Record(IReadOnlyList<TEvent> events, IReadOnlyList<Intent> delivered) => Store(events, [], [.. delivered.Select(intent => intent.Id)]);

    private async Task Store(IReadOnlyList<TEvent> events, IReadOnlyList<AuditEntry> audit, IReadOnlyList<long> delivered)
    {
        // A grain that interleaves may come here twice; the version is taken by one at a time.
        await oneAtATime.WaitAsync();
        try
        {
            ThrowIfUnread();
            await Append(events, audit, delivered);
            await RaiseConditionalEvents(events);
            Recorded(events);
            await SnapshotWhenDue();
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>Called with what has just become durable and is part of the state.</summary>
    protected virtual void Recorded(IReadOnlyList<TEvent> events)
    {
    }

    /// <summary>
    /// What a snapshot writes: the state, and pieces of it that leave the state for chunks of their own, in one transaction. Called between two records;
    /// <see cref="StateSnapshot.Stored"/> runs when it is durable and lets the state forget the pieces.
    /// </summary>
    protected virtual Task<StateSnapshot> Snapshot() => Task.FromResult(new StateSnapshot(State, [], () => { }));

    /// <summary>Takes a snapshot now, unless there is little to gain; for a grain that will be read more than written from here on.</summary>
    protected async Task SnapshotAtEnd()
    {
        await oneAtATime.WaitAsync();
        try
        {
            if (tailBytes >= LastSnapshotBytesMin)
            {
                await WriteSnapshot();
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>Removes everything that is stored of this grain. Its state is then that of one that never was, except that its version goes on.</summary>
    /// <param name="audit">What the audit chain hears of it, as for a record.</param>
    protected async Task DeleteStored(params IReadOnlyList<AuditEntry> audit)
    {
        var intents = Delivery.Encode(audit);
        await oneAtATime.WaitAsync();
        try
        {
            var call = await Gate.BeforeWrite();
            await journal.DeleteStreamAsync(Stream, intents);
            call?.Keep();
            await RefreshNow();
            ThrowIfUnread();
        }
        catch (JournalFullException full)
        {
            throw MlopsException.Overloaded(full.Message);
        }
#pragma warning disable CA1031 // Whether it is gone is not known: only a fresh read may answer from here on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Leave();
            throw MlopsException.Unavailable($"'{Stream}' could not be removed: {e.Message}");
        }
        finally
        {
            oneAtATime.Release();
        }

        await Delivery.Deliver(audit);
    }

    /// <summary>This activation cannot say what is stored: it answers what it has begun and goes away.</summary>
    protected virtual void Leave() => DeactivateOnIdle();

    /// <summary>Names of streams, as <see cref="IJournal.ListStreamsAsync"/> has them.</summary>
    protected Task<IReadOnlyList<string>> ListStreams(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        journal.ListStreamsAsync(prefix, after, limit, cancellationToken);

    /// <summary>A chunk of this grain's stream.</summary>
    /// <exception cref="InvalidDataException">It is damaged or not there.</exception>
    protected async Task<ReadOnlyMemory<byte>> ReadChunk(string series, long number)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> found;
        try
        {
            found = await journal.ReadChunksAsync(Stream, series, number, 1);
        }
        catch (StoredDamageException e)
        {
            throw new InvalidDataException(e.Message, e);
        }

        return found.Count == 1 ? found[0] : throw new InvalidDataException($"Chunk {number} of '{series}' of '{Stream}' is missing.");
    }

    /// <summary>What is stored now, folded into a state of its own.</summary>
    /// <exception cref="StoredDamageException">It cannot be read.</exception>
    protected async Task<TState> ReadStored() => Fold(await ReadJournal());

    private IntentDelivery Delivery => delivery ??= ServiceProvider.GetRequiredService<IntentDelivery>();

    private CallGate Gate => gate ??= ServiceProvider.GetRequiredService<CallGate>();

    private Task<JournalSlice> ReadJournal() => GoesOnAroundDamage ? journal.ReadAroundDamageAsync(Stream) : journal.ReadAsync(Stream);

    private void ThrowIfUnread()
    {
        if (unreadable is not null)
        {
            throw unreadable;
        }
    }

    private TState Fold(JournalSlice slice)
    {
        var reading = -1;
        try
        {
            var state = slice.Snapshot is { } snapshot ? codec.DecodeState(snapshot) : new TState();
            for (reading = 0; reading < slice.Entries.Count; reading++)
            {
                if (slice.Damaged.ContainsKey(slice.SnapshotVersion + reading + 1))
                {
                    ApplyDamaged(state);
                }
                else
                {
                    Apply(state, codec.DecodeEvent(slice.Entries[reading]));
                }
            }

            return state;
        }
#pragma warning disable CA1031 // What bytes without a checksum do to a decoder is anything; it is one and the same to whoever wants them.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var entry = reading < 0 ? $"the snapshot of version {slice.SnapshotVersion}" : $"version {slice.SnapshotVersion + reading + 1}";
            var found = new StoredDamage("stream", Stream, entry, $"it cannot be read ({e.Message})");
            ServiceProvider.GetService<DamageList>()?.Report(found);
            throw new StoredDamageException(found, e);
        }
    }

    private async Task Append(IReadOnlyList<TEvent> events, IReadOnlyList<AuditEntry> audit, IReadOnlyList<long> delivered)
    {
        var intents = Delivery.Encode(audit);
        var entries = new ReadOnlyMemory<byte>[events.Count];
        var bytes = 0L;
        for (var i = 0; i < entries.Length; i++)
        {
            var buffer = new ArrayBufferWriter<byte>(256);
            codec.EncodeEvent(events[i], buffer);
            entries[i] = buffer.WrittenMemory;
            bytes += buffer.WrittenCount;
        }

        if (bytes > JournalLimits.AppendBytesMax)
        {
            throw new MlopsException(ErrorKind.TooLarge, $"This takes {bytes} bytes to store; at most {JournalLimits.AppendBytesMax} at once.");
        }

        var call = await Gate.BeforeWrite();
        bool stored;
        try
        {
            stored = await journal.AppendAsync(Stream, Version, entries, new AppendOptions(call?.NotAfter ?? long.MaxValue, intents, delivered), call?.GivenUp ?? CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            throw CurrentCall.GaveUp();
        }
        catch (JournalFullException full)
        {
            throw MlopsException.Overloaded(full.Message);
        }
#pragma warning disable CA1031 // Whatever went wrong, whether the entry was stored is not known: only a fresh read may answer from here on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Leave();
            throw MlopsException.Unavailable($"'{Stream}' could not be stored: {e.Message}");
        }

        if (!stored)
        {
            Leave();
            throw MlopsException.Unavailable($"'{Stream}' was changed by another activation; try again.");
        }

        call?.Keep();
        tailBytes += bytes;
    }

    /// <summary>Whether a snapshot is worth it: the tail has outgrown the snapshot, so that the cost stays constant per byte written.</summary>
    private Task SnapshotWhenDue() => tailBytes < Math.Max(SnapshotBytesMin, snapshotBytes) ? Task.CompletedTask : WriteSnapshot();

    private async Task WriteSnapshot()
    {
        var size = (int)Math.Min(tailBytes, int.MaxValue / 2);
        tailBytes = 0;
        var chunks = 0;
        try
        {
            var snapshot = await Snapshot();
            chunks = snapshot.Chunks.Count;
            var buffer = new ArrayBufferWriter<byte>(Math.Max(256, chunks > 0 ? 4096 : size));
            codec.EncodeState(snapshot.State, buffer);
            snapshotBytes = buffer.WrittenCount;
            await journal.WriteSnapshotAsync(Stream, Version, buffer.WrittenMemory, snapshot.Chunks);
            snapshot.Stored();
        }
        catch (JournalFullException)
        {
            // Nothing was written; the next snapshot is tried once the tail has grown again.
        }
#pragma warning disable CA1031 // The events are durable, so their caller must not hear of this.
        catch (Exception)
#pragma warning restore CA1031
        {
            if (chunks > 0)
            {
                // Whether the chunks are stored is not known, and so neither which points a repeat has to be held against.
                Leave();
            }
        }
    }

    /// <param name="State">With the pieces replaced by what is remembered of them.</param>
    /// <param name="Chunks">The pieces.</param>
    /// <param name="Stored">Runs when both are durable.</param>
    protected sealed record StateSnapshot(TState State, IReadOnlyList<SeriesChunk> Chunks, Action Stored);
}
