using System.Globalization;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Journals;

/// <summary>The limits of <see cref="JournalLimits"/>, checked at the door of every engine.</summary>
internal static class JournalGuard
{
    public static void Stream(string stream) => Name(stream, nameof(stream));

    public static void Name(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (name.Length > JournalLimits.StreamLengthMax && name.EnumerateRunes().Count() is var characters && characters > JournalLimits.StreamLengthMax)
        {
            throw new ArgumentException($"{parameter} has {characters} characters; at most {JournalLimits.StreamLengthMax}", parameter);
        }

        ThrowIfNotText(name, parameter);
    }

    public static int Entries(long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expectedVersion);
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count is 0 or > JournalLimits.EntriesPerAppendMax)
        {
            throw new ArgumentException($"entries has {entries.Count} payloads; 1 to {JournalLimits.EntriesPerAppendMax}", nameof(entries));
        }

        long bytes = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            bytes += entries[i].Length;
        }

        if (bytes > JournalLimits.AppendBytesMax)
        {
            throw new ArgumentException($"entries has {bytes} bytes together; at most {JournalLimits.AppendBytesMax}", nameof(entries));
        }

        return (int)bytes;
    }

    /// <summary>Returns the bytes of the intents.</summary>
    public static int Intents(IReadOnlyList<ReadOnlyMemory<byte>> intents)
    {
        ArgumentNullException.ThrowIfNull(intents);
        if (intents.Count > JournalLimits.IntentsMax)
        {
            throw new ArgumentException($"intents has {intents.Count} payloads; at most {JournalLimits.IntentsMax}", nameof(intents));
        }

        for (var i = 0; i < intents.Count; i++)
        {
            if (intents[i].Length is 0 or > JournalLimits.IntentBytesMax)
            {
                throw new ArgumentException($"an intent has {intents[i].Length} bytes; 1 to {JournalLimits.IntentBytesMax}", nameof(intents));
            }
        }

        return intents.Sum(intent => intent.Length);
    }

    public static void Payload(ReadOnlyMemory<byte> payload, int bytesMax)
    {
        if (payload.Length > bytesMax)
        {
            throw new ArgumentException($"payload has {payload.Length} bytes; at most {bytesMax}", nameof(payload));
        }
    }

    /// <summary>Returns the bytes of the snapshot and its chunks.</summary>
    public static int Snapshot(string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk> chunks)
    {
        Stream(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        if (chunks.Count > JournalLimits.ChunksPerSnapshotMax)
        {
            throw new ArgumentException($"chunks has {chunks.Count} items; at most {JournalLimits.ChunksPerSnapshotMax}", nameof(chunks));
        }

        var bytes = (long)payload.Length;
        var seen = new HashSet<(string, long)>(chunks.Count);
        foreach (var chunk in chunks)
        {
            Name(chunk.Series, nameof(chunk.Series));
            ArgumentOutOfRangeException.ThrowIfNegative(chunk.Number);
            if (!seen.Add((chunk.Series, chunk.Number)))
            {
                throw new ArgumentException($"chunks has number {chunk.Number} of series \"{chunk.Series}\" twice", nameof(chunks));
            }

            bytes += chunk.Payload.Length;
        }

        if (bytes > JournalLimits.SnapshotBytesMax)
        {
            throw new ArgumentException($"the snapshot and its chunks have {bytes} bytes; at most {JournalLimits.SnapshotBytesMax}", nameof(payload));
        }

        return (int)bytes;
    }

    public static void Chunks(string stream, string series, long first, int limit)
    {
        Stream(stream);
        Name(series, nameof(series));
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        Limit(limit);
    }

    public static void Listing(string prefix, string? after, int limit)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ThrowIfNotText(prefix, nameof(prefix));
        ThrowIfNotText(after ?? "", nameof(after));
        Limit(limit);
    }

    /// <summary>A hole in a stored history is damage; state must not be rebuilt over it.</summary>
    public static void Found(string stream, long version, bool found)
    {
        if (!found)
        {
            throw Damaged("stream", stream, $"version {version}", "its entry is missing");
        }
    }

    /// <summary>The newest version is at least that of the snapshot.</summary>
    public static void Ends(string stream, long version, long snapshotVersion)
    {
        if (version < snapshotVersion)
        {
            throw Damaged("stream", stream, $"version {version}", $"it ends there, and its snapshot is of version {snapshotVersion}");
        }
    }

    /// <summary>Nothing when the checksum is right.</summary>
    public static StoredDamage? DamageOfEntry(string stream, long version, ReadOnlySpan<byte> payload, long checksum) =>
        DamageOf(Checksum.OfEntry(version, payload), checksum, "stream", stream, version, "version {0}", payload.Length);

    public static void Entry(string stream, long version, ReadOnlySpan<byte> payload, long checksum) => Throw(DamageOfEntry(stream, version, payload, checksum));

    public static void Snapshot(string stream, long version, ReadOnlySpan<byte> payload, long checksum) =>
        Throw(DamageOf(Checksum.OfSnapshot(stream, version, payload), checksum, "stream", stream, version, "the snapshot of version {0}", payload.Length));

    public static void Chunk(string stream, string series, long number, ReadOnlySpan<byte> payload, long checksum) =>
        Throw(DamageOf(Checksum.OfChunk(stream, series, number, payload), checksum, "chunk", $"{stream} {series}", number, "number {0}", payload.Length));

    public static void Document(string name, ReadOnlySpan<byte> payload)
    {
        if (JsonSeal.IsBroken(payload))
        {
            throw Damaged("document", name, "", $"its {payload.Length} bytes do not have the checksum that they end with");
        }
    }

    private static StoredDamage? DamageOf(long found, long expected, string place, string name, long number, string entry, int bytes) => found == expected
        ? null
        : new StoredDamage(
            place, name, string.Format(CultureInfo.InvariantCulture, entry, number), $"the checksum of its {bytes} bytes is {found:x16}; {expected:x16} was stored with them");

    private static void Throw(StoredDamage? damage)
    {
        if (damage is not null)
        {
            throw new StoredDamageException(damage);
        }
    }

    private static StoredDamageException Damaged(string place, string name, string entry, string reason) => new(new StoredDamage(place, name, entry, reason));

    public static void Limit(int limit)
    {
        if (limit is < 1 or > JournalLimits.ListMax)
        {
            throw new ArgumentOutOfRangeException(nameof(limit), limit, $"limit must be 1 to {JournalLimits.ListMax}");
        }
    }

    /// <summary>Engines disagree about NUL and lone surrogates, so neither is let in.</summary>
    private static void ThrowIfNotText(string text, string parameter)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (text[i] == '\0' || char.IsSurrogate(text[i]))
            {
                throw new ArgumentException($"{parameter} has a NUL or half a surrogate pair at index {i}", parameter);
            }
        }
    }
}
