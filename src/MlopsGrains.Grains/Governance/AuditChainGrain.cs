using System.Buffers;
using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Governance;

/// <summary>
/// The hash chain. It interleaves so that concurrent appends share one commit; sequence and hash are given in the turn that starts the commit, so the order
/// of the chain is the order of the journal. Full pages move to streams of their own, which keeps the head small.
/// </summary>
[GrainType("audit-chain")]
[Reentrant]
internal sealed class AuditChainGrain : JournalGrain<AuditChainState, AuditChainEvent>, IAuditChainGrain
{
    private const int BatchMax = 250;
    private const int WaitingMax = 10_000;

    private static readonly JsonJournalCodec<AuditEvent, AuditEvent> PageCodec = new();

    private readonly IJournal journal;
    private readonly DamageList damage;
    private readonly TimeProvider time;
    private readonly CommitGroup<Pending> group;

    public AuditChainGrain(IJournal journal, DamageList damage, TimeProvider time)
        : base(journal, new JsonJournalCodec<AuditChainState, AuditChainEvent>())
    {
        this.journal = journal;
        this.damage = damage;
        this.time = time;
        group = new CommitGroup<Pending>(BatchMax, WaitingMax, Commit);
    }

    public Task Deliver(CancellationToken cancellationToken = default) => group.Add(new Pending(null));

    public async Task<AuditEvent> Append(AuditEntry entry, CancellationToken cancellationToken = default)
    {
        AuditIntent.Check(entry);
        var pending = new Pending(new AuditIntent(Actor.Current, time.GetUtcNow(), entry));
        await group.Add(pending);
        return pending.Stored!;
    }

    public async Task<Page<AuditEvent>> Read(long after, int limit, CancellationToken cancellationToken = default)
    {
        if (after < 0)
        {
            throw MlopsException.Invalid("after", $"after is {after}; expected 0 or more.");
        }

        Limit.Page("limit", limit, IAuditChainGrain.EventsPerPageMax);

        var events = new List<AuditEvent>(limit);
        for (var next = after; events.Count < limit && next < State.Sequence; next = after + events.Count)
        {
            var page = (int)(next / AuditChainState.PageSize);
            if (page < State.Pages)
            {
                var stored = await ReadPage(page + 1, cancellationToken);
                events.AddRange(stored.Skip((int)(next % AuditChainState.PageSize)).Take(limit - events.Count));
            }
            else
            {
                events.AddRange(State.Tail.Skip((int)(next - ((long)State.Pages * AuditChainState.PageSize))).Take(limit - events.Count));
            }
        }

        var last = after + events.Count;
        return new Page<AuditEvent>(events, events.Count > 0 && last < State.Sequence ? last.ToString(CultureInfo.InvariantCulture) : null);
    }

    public async Task<Page<AuditEvent>> Search(AuditQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        Limit.Page("limit", query.Limit, IAuditChainGrain.EventsPerPageMax);
        var search = new AuditSearch(query, State.Sequence);
        var (page, tail) = (State.Pages, State.Tail.ToArray());
        search.Look(tail);
        for (var looked = 0; looked < AuditSearch.PagesMax && page > 0 && !search.IsFull; page--)
        {
            // A page that lies behind the token need not be read.
            if (((page - 1L) * AuditChainState.PageSize) + 1 < search.Before)
            {
                search.Look(await ReadPage(page, cancellationToken));
                looked++;
            }
        }

        return search.Page();
    }

    public async Task<AuditWaiting> Waiting(CancellationToken cancellationToken = default)
    {
        var oldest = (await journal.ReadIntentsAsync(1, cancellationToken)).Select(Decode).FirstOrDefault();
        return new AuditWaiting(await journal.CountIntentsAsync(cancellationToken), oldest?.At);
    }

    public async Task<AuditVerification> Verify(CancellationToken cancellationToken = default)
    {
        var waiting = await Waiting(cancellationToken);
        return await VerifyChain(cancellationToken) with { Waiting = waiting };
    }

    /// <summary>Every change of the platform is told here: one event that cannot be read must not stop them all.</summary>
    protected override bool GoesOnAroundDamage => true;

    protected override void ApplyDamaged(AuditChainState state) => state.ApplyDamaged();

    protected override void Apply(AuditChainState state, AuditChainEvent e) => state.Apply(e);

    private async Task<AuditVerification> VerifyChain(CancellationToken cancellationToken)
    {
        var acknowledged = State.Sequence;
        var result = new AuditVerification(true, 0, AuditHash.Genesis);
        var page = 0;
        AuditChainState head;
        do
        {
            while (page < State.Pages)
            {
                page++;
                try
                {
                    result = Verify(result, await ReadEntries(page, cancellationToken));
                }
                catch (StoredDamageException e)
                {
                    return result with { Valid = false, BrokenAt = result.Events + 1, Reason = e.Message };
                }

                if (!result.Valid)
                {
                    return result;
                }
            }

            try
            {
                head = await ReadStored();
            }
            catch (StoredDamageException e)
            {
                return result with { Valid = false, BrokenAt = result.Events + 1, Reason = e.Message };
            }
        }
        while (head.Pages > page);

        result = Verify(result, head.Tail.Select(e => (Func<AuditEvent>)(() => e)));
        return result.Valid && result.Events < acknowledged
            ? result with { Valid = false, BrokenAt = result.Events + 1, Reason = $"the stored chain ends before event {acknowledged}" }
            : result;
    }

    private static AuditVerification Verify(AuditVerification result, IEnumerable<Func<AuditEvent>> stored)
    {
        foreach (var read in stored)
        {
            try
            {
                var e = read();
                result = e.Action == AuditChainRules.UnreadableAction
                    ? result with { Valid = false, BrokenAt = e.Sequence, Reason = "the stored event is damaged and cannot be read" }
                    : AuditHash.Verify(result, [e]);
            }
            catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
            {
                return result with { Valid = false, BrokenAt = result.Events + 1, Reason = "the stored event cannot be read" };
            }

            if (!result.Valid)
            {
                return result;
            }
        }

        return result;
    }

    private static string PageStream(int page) => $"audit-page/{page}";

    /// <summary>What is stored to be told comes first, in the order in which it was stored; the same append takes it away there, so that it counts once.</summary>
    private async Task Commit(IReadOnlyList<Pending> batch)
    {
        IReadOnlyList<Intent> intents;
        do
        {
            intents = await ReadIntents();
            if (intents.Count > 0)
            {
                await SealFullPage();
                await Record(AuditChainRules.Chain(State, [.. intents.Select(Decode)]), intents);
            }
        }
        while (intents.Count == BatchMax);

        var appended = batch.Where(p => p.Intent is not null).ToList();
        if (appended.Count > 0)
        {
            await SealFullPage();
            var events = AuditChainRules.Chain(State, [.. appended.Select(p => p.Intent!)]);
            await Record(events);
            for (var i = 0; i < appended.Count; i++)
            {
                appended[i].Stored = events[i].Event;
            }
        }
    }

    private async Task<IReadOnlyList<Intent>> ReadIntents()
    {
        try
        {
            return await journal.ReadIntentsAsync(BatchMax);
        }
        catch (Exception e) when (PassingFault.Is(e))
        {
            throw MlopsException.Unavailable($"What waits for the audit chain could not be read: {e.Message}");
        }
    }

    /// <summary>One that cannot be read leaves a trace of that in the chain and holds no other up.</summary>
    private AuditIntent Decode(Intent intent)
    {
        try
        {
            return AuditIntent.Decode(intent.Payload.Span);
        }
        catch (InvalidDataException e)
        {
            var found = new StoredDamage("intent", intent.Id.ToString(CultureInfo.InvariantCulture), "", e.Message);
            damage.Report(found);
            return new AuditIntent("", time.GetUtcNow(), new AuditEntry("audit.event-lost", $"intent/{intent.Id}", new Dictionary<string, string> { ["reason"] = found.ToString() }));
        }
    }

    /// <summary>Writes the page first and shortens the tail after it; a crash between the two writes the same page again, which the fence ignores.</summary>
    private async Task SealFullPage()
    {
        if (State.Tail.Count < AuditChainState.PageSize)
        {
            return;
        }

        var page = State.Pages + 1;
        var entries = State.Tail.Take(AuditChainState.PageSize).Select(e =>
        {
            var buffer = new ArrayBufferWriter<byte>(512);
            PageCodec.EncodeEvent(e, buffer);
            return buffer.WrittenMemory;
        }).ToList();
        try
        {
            // Events may have 16 Ki characters, so a page of them may be more than one append takes.
            var version = 0;
            foreach (var part in entries.Chunk(BatchMax))
            {
                await journal.AppendAsync(PageStream(page), version, part);
                version += part.Length;
            }
        }
        catch (JournalFullException full)
        {
            throw MlopsException.Overloaded(full.Message);
        }

        await Record(new PageSealed(page));
    }

    private async Task<List<AuditEvent>> ReadPage(int page, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await ReadEntries(page, cancellationToken)).Select(read => read())];
        }
        catch (Exception e) when (e is StoredDamageException or JsonException or NotSupportedException)
        {
            throw new MlopsException(ErrorKind.DataLoss, $"Events {((page - 1) * AuditChainState.PageSize) + 1}–{page * AuditChainState.PageSize} cannot be read: {e.Message}");
        }
    }

    /// <summary>What to decode; in the place of an event whose bytes are damaged, what stands for it.</summary>
    private async Task<IEnumerable<Func<AuditEvent>>> ReadEntries(int page, CancellationToken cancellationToken)
    {
        var slice = await journal.ReadAroundDamageAsync(PageStream(page), cancellationToken);
        var before = (page - 1L) * AuditChainState.PageSize;
        return slice.Entries.Select((entry, i) => (Func<AuditEvent>)(() =>
            slice.Damaged.ContainsKey(i + 1) ? AuditChainRules.Unreadable(before + i + 1, "") : PageCodec.DecodeEvent(entry)));
    }

    /// <param name="intent">What to append; <see langword="null"/> to have what is stored delivered.</param>
    private sealed class Pending(AuditIntent? intent)
    {
        public AuditIntent? Intent => intent;

        public AuditEvent? Stored { get; set; }
    }
}
