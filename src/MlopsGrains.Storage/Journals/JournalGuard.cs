namespace MlopsGrains.Storage.Journals;

/// <summary>The limits of <see cref="JournalLimits"/>, checked at the door of every engine.</summary>
internal static class JournalGuard
{
    public static void Stream(string stream) => Name(stream, nameof(stream));

    public static void Name(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (name.Length > JournalLimits.StreamLengthMax)
        {
            throw new ArgumentException($"{parameter} has {name.Length} characters; at most {JournalLimits.StreamLengthMax}", parameter);
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
            throw new InvalidDataException($"stream \"{stream}\" is damaged: its entry of version {version} is missing");
        }
    }

    private static void Limit(int limit)
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
