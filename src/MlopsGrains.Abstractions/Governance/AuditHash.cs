using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MlopsGrains.Governance;

/// <summary>
/// The chain's rule, public so that an export can be verified without the platform: the hash is SHA-256 over previous hash (its 64 characters),
/// sequence and Unix milliseconds (8 bytes big-endian each), actor, action, subject, the number of details, and each detail's key and value in
/// ordinal key order; every text is UTF-8 with its length in bytes as 4 bytes big-endian before it.
/// </summary>
public static class AuditHash
{
    /// <summary>The hash before the first event.</summary>
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>The hash that <paramref name="e"/> must carry (its own <see cref="AuditEvent.Hash"/> is not looked at).</summary>
    public static string Compute(AuditEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(e.PreviousHash));
        Number(hash, e.Sequence);
        Number(hash, e.Time.ToUnixTimeMilliseconds());
        Text(hash, e.Actor);
        Text(hash, e.Action);
        Text(hash, e.Subject);
        Number(hash, e.Detail.Count);
        foreach (var (key, value) in e.Detail.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            Text(hash, key);
            Text(hash, value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Checks consecutive events; <paramref name="previous"/> is the verification so far (<see langword="null"/> at the start of the chain).</summary>
    public static AuditVerification Verify(AuditVerification? previous, IEnumerable<AuditEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var state = previous ?? new AuditVerification(true, 0, Genesis);
        foreach (var e in events)
        {
            if (!state.Valid)
            {
                return state;
            }

            var reason = e.Sequence != state.Events + 1 ? $"expected sequence {state.Events + 1}, found {e.Sequence}"
                : e.PreviousHash != state.HeadHash ? "the previous hash does not match the event before"
                : Compute(e) != e.Hash ? "the hash does not match the content"
                : null;
            state = reason is null
                ? state with { Events = e.Sequence, HeadHash = e.Hash }
                : state with { Valid = false, BrokenAt = state.Events + 1, Reason = reason };
        }

        return state;
    }

    private static void Number(IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        hash.AppendData(bytes);
    }

    private static void Text(IncrementalHash hash, string text)
    {
        Span<byte> length = stackalloc byte[4];
        var bytes = Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
