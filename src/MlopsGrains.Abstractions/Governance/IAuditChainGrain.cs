using MlopsGrains.Paging;

namespace MlopsGrains.Governance;

/// <summary>The hash-chained record of every change. One chain, key <see cref="Main"/>.</summary>
[GrainInterfaceType("audit-chain")]
public interface IAuditChainGrain : IGrainWithStringKey
{
    /// <summary>The key of the platform's chain.</summary>
    const string Main = "main";

    /// <summary>Most events of a page.</summary>
    const int EventsPerPageMax = 1000;

    /// <summary>Appends what changes have stored to be told, each once, and answers when all that was stored before the call is in the chain.</summary>
    [Alias("Deliver")]
    Task Deliver(CancellationToken cancellationToken = default);

    /// <summary>Appends an event that no stored change tells of and answers when it is durable. The actor is that of the call (<see cref="Identity.Actor"/>).</summary>
    [Alias("Append")]
    Task<AuditEvent> Append(AuditEntry entry, CancellationToken cancellationToken = default);

    /// <summary>Events after sequence <paramref name="after"/> in order, at most <paramref name="limit"/> (1–<see cref="EventsPerPageMax"/>). The page token is the last sequence.</summary>
    [Alias("Read")]
    Task<Page<AuditEvent>> Read(long after, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Events that a query finds, newest first. A page may have fewer events than asked for, or none, and still a token: then more of the chain is to be looked through.
    /// </summary>
    /// <exception cref="Errors.MlopsException">The limit or the page token is not one.</exception>
    [Alias("Search")]
    Task<Page<AuditEvent>> Search(AuditQuery query, CancellationToken cancellationToken = default);

    /// <summary>What is stored and waits for its place in the chain.</summary>
    [Alias("Waiting")]
    Task<AuditWaiting> Waiting(CancellationToken cancellationToken = default);

    /// <summary>Walks the stored chain from the first event and recomputes every hash.</summary>
    [Alias("Verify"), ResponseTimeout("00:02:00")]
    Task<AuditVerification> Verify(CancellationToken cancellationToken = default);
}

/// <summary>What happened to what.</summary>
/// <param name="Action">Noun and verb, such as <c>model-version.registered</c>.</param>
/// <param name="Subject">Kind and name, such as <c>model/churn/3</c>.</param>
/// <param name="Detail">Facts needed to understand the change (digests, versions, reasons); keys are written in ordinal order.</param>
[GenerateSerializer, Immutable, Alias("mlops.AuditEntry")]
public sealed record AuditEntry(
    [property: Id(0)] string Action,
    [property: Id(1)] string Subject,
    [property: Id(2)] IReadOnlyDictionary<string, string>? Detail = null);

/// <summary>Which events; what is <see langword="null"/> does not count.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Action">The action, or with a dot at its end all of its noun: <c>run.</c></param>
/// <param name="Subject">The subject or its beginning: <c>model/churn</c>.</param>
/// <param name="From">The earliest time.</param>
/// <param name="To">Before this time.</param>
/// <param name="Limit">Events of a page, 1–<see cref="IAuditChainGrain.EventsPerPageMax"/>.</param>
/// <param name="PageToken">Of the page before.</param>
[GenerateSerializer, Immutable, Alias("mlops.AuditQuery")]
public sealed record AuditQuery(
    [property: Id(0)] string? Actor = null,
    [property: Id(1)] string? Action = null,
    [property: Id(2)] string? Subject = null,
    [property: Id(3)] DateTimeOffset? From = null,
    [property: Id(4)] DateTimeOffset? To = null,
    [property: Id(5)] int Limit = 100,
    [property: Id(6)] string? PageToken = null);

/// <summary>One link of the chain.</summary>
/// <param name="Sequence">1, 2, 3 … without gaps.</param>
/// <param name="Time">When it happened (UTC, millisecond precision), by the clock of the process that stored it. The order of the chain is that of the sequence.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Action">Noun and verb.</param>
/// <param name="Subject">Kind and name.</param>
/// <param name="Detail">Facts, keys in ordinal order.</param>
/// <param name="PreviousHash">Hash of the event before (64 zeros for the first).</param>
/// <param name="Hash">SHA-256 of this event, see <see cref="AuditHash"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.AuditEvent")]
public sealed record AuditEvent(
    [property: Id(0)] long Sequence,
    [property: Id(1)] DateTimeOffset Time,
    [property: Id(2)] string Actor,
    [property: Id(3)] string Action,
    [property: Id(4)] string Subject,
    [property: Id(5)] IReadOnlyDictionary<string, string> Detail,
    [property: Id(6)] string PreviousHash,
    [property: Id(7)] string Hash);

/// <summary>The outcome of walking the chain.</summary>
/// <param name="Valid">Whether every link holds.</param>
/// <param name="Events">How many events were checked.</param>
/// <param name="HeadHash">Hash of the last good event.</param>
/// <param name="BrokenAt">Sequence of the first bad event.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Waiting">What is stored and not yet in the chain; nothing is known of that where only an export was verified.</param>
[GenerateSerializer, Immutable, Alias("mlops.AuditVerification")]
public sealed record AuditVerification(
    [property: Id(0)] bool Valid,
    [property: Id(1)] long Events,
    [property: Id(2)] string HeadHash,
    [property: Id(3)] long? BrokenAt = null,
    [property: Id(4)] string? Reason = null,
    [property: Id(5)] AuditWaiting? Waiting = null);

/// <summary>Changes that are stored and whose events wait for their place in the chain. None is lost; under load there are always some, milliseconds old.</summary>
/// <param name="Events">How many.</param>
/// <param name="Since">When the oldest of them happened.</param>
[GenerateSerializer, Immutable, Alias("mlops.AuditWaiting")]
public sealed record AuditWaiting([property: Id(0)] long Events, [property: Id(1)] DateTimeOffset? Since = null);
