using System.Buffers;
using MlopsGrains.Errors;
using MlopsGrains.Storage.Journals;
using Orleans.EventSourcing;
using Orleans.EventSourcing.CustomStorage;

namespace MlopsGrains.Grains.Journaling;

/// <summary>
/// A grain whose state is the fold of its journal. <see cref="Record(TEvent)"/> returns when the event is durable and applied; when it throws, the state is
/// still what is stored. The journal's primary key is the fence: an activation that lost it reloads, answers 503 and goes away.
/// </summary>
public abstract class JournalGrain<TState, TEvent>(IJournal journal, IJournalCodec<TState, TEvent> codec)
    : JournaledGrain<TState, TEvent>, ICustomStorageInterface<TState, TEvent>
    where TState : class, new()
    where TEvent : class
{
    private const int SnapshotBytesMin = 256 * 1024;

    private long tailBytes;
    private long snapshotBytes;
    private Exception? refusal;

    /// <summary>The journal's stream: grain type and key.</summary>
    protected string Stream => $"{this.GetGrainId().Type}/{this.GetPrimaryKeyString()}";

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await RefreshNow();
        await base.OnActivateAsync(cancellationToken);
    }

    public async Task<KeyValuePair<int, TState>> ReadStateFromStorage()
    {
        if (refusal is not null)
        {
            return new(Version, State);
        }

        var slice = await journal.ReadAsync(Stream);
        var state = slice.Snapshot is { } snapshot ? codec.DecodeState(snapshot) : new TState();
        snapshotBytes = slice.Snapshot?.Length ?? 0;
        tailBytes = 0;
        foreach (var entry in slice.Entries)
        {
            Apply(state, codec.DecodeEvent(entry));
            tailBytes += entry.Length;
        }

        return new(checked((int)slice.Version), state);
    }

    public async Task<bool> ApplyUpdatesToStorage(IReadOnlyList<TEvent> updates, int expectedVersion)
    {
        refusal = null;
        var entries = new ReadOnlyMemory<byte>[updates.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var buffer = new ArrayBufferWriter<byte>(256);
            codec.EncodeEvent(updates[i], buffer);
            entries[i] = buffer.WrittenMemory;
        }

        try
        {
            if (!await journal.AppendAsync(Stream, expectedVersion, entries))
            {
                return false;
            }
        }
#pragma warning disable CA1031 // The log adaptor would retry any exception for ever; the caller has to hear it instead.
        catch (Exception e)
#pragma warning restore CA1031
        {
            refusal = e;
            return false;
        }

        tailBytes += entries.Sum(e => (long)e.Length);
        return true;
    }

    /// <summary>Folds one event into the state. Pure: no clock, no randomness, no calls.</summary>
    protected abstract void Apply(TState state, TEvent e);

    protected sealed override void TransitionState(TState state, TEvent e) => Apply(state, e);

    /// <summary>Makes the event durable and applies it.</summary>
    protected Task Record(TEvent e) => Record([e]);

    /// <summary>Makes the events durable, all or none, and applies them.</summary>
    /// <exception cref="MlopsException">
    /// <see cref="ErrorKind.Overloaded"/> when the journal pushes back, <see cref="ErrorKind.Unavailable"/> when another activation was first or storage failed.
    /// </exception>
    protected async Task Record(IReadOnlyList<TEvent> events)
    {
        if (await RaiseConditionalEvents(events))
        {
            await SnapshotWhenDue();
            return;
        }

        switch (refusal)
        {
            case JournalFullException full:
                throw MlopsException.Overloaded(full.Message);
            case null:
                DeactivateOnIdle();
                throw MlopsException.Unavailable($"'{Stream}' was changed by another activation; try again.");
            default:
                // Whether the entry was stored is not known: only a fresh read may answer from here on.
                DeactivateOnIdle();
                throw new MlopsException(ErrorKind.Unavailable, $"'{Stream}' could not be stored: {refusal.Message}");
        }
    }

    /// <summary>Whether a snapshot is worth it: the tail has outgrown the snapshot, so that the cost stays constant per byte written.</summary>
    private async Task SnapshotWhenDue()
    {
        if (tailBytes < Math.Max(SnapshotBytesMin, snapshotBytes))
        {
            return;
        }

        var buffer = new ArrayBufferWriter<byte>(checked((int)tailBytes));
        codec.EncodeState(State, buffer);
        tailBytes = 0;
        snapshotBytes = buffer.WrittenCount;
        try
        {
            await journal.WriteSnapshotAsync(Stream, Version, buffer.WrittenMemory);
        }
        catch (JournalFullException)
        {
            // The events are durable; the next append tries again once the tail has grown.
        }
    }
}
