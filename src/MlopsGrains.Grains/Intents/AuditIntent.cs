using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Grains.Intents;

/// <summary>What a change has yet to tell the audit chain, as it is stored with the change.</summary>
/// <param name="Actor">Who changed it.</param>
/// <param name="At">When.</param>
/// <param name="Entry">What happened to what.</param>
internal sealed record AuditIntent(string Actor, DateTimeOffset At, AuditEntry Entry)
{
    /// <summary>Longest event, in characters over action, subject and details.</summary>
    public const int LengthMax = 16 * 1024;

    /// <summary>JSON and its seal.</summary>
    /// <exception cref="MlopsException">The entry is too long, or names nothing.</exception>
    public byte[] Encode()
    {
        Check(Entry);
        return JsonSeal.Add(JsonSerializer.SerializeToUtf8Bytes(this));
    }

    /// <exception cref="InvalidDataException">These are not the bytes that were written.</exception>
    public static AuditIntent Decode(ReadOnlySpan<byte> stored)
    {
        try
        {
            return !JsonSeal.IsBroken(stored) && JsonSerializer.Deserialize<AuditIntent>(stored) is { Actor: not null, Entry: { Action: not null, Subject: not null } } intent
                ? intent
                : throw new InvalidDataException($"its {stored.Length} bytes are not what was written");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <exception cref="MlopsException">The entry is too long, or names nothing.</exception>
    public static void Check(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (string.IsNullOrEmpty(entry.Action) || string.IsNullOrEmpty(entry.Subject))
        {
            throw MlopsException.Invalid("entry", "An audit entry needs an action and a subject.");
        }

        var length = entry.Action.Length + entry.Subject.Length + (entry.Detail?.Sum(d => d.Key.Length + d.Value.Length) ?? 0);
        if (length > LengthMax)
        {
            throw MlopsException.Invalid("entry", $"The audit entry has {length} characters; at most {LengthMax}.");
        }
    }
}
