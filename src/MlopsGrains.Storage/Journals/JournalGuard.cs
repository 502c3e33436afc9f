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

    public static void Listing(string prefix, string? after, int limit)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ThrowIfNotText(prefix, nameof(prefix));
        ThrowIfNotText(after ?? "", nameof(after));
        if (limit is < 1 or > JournalLimits.ListMax)
        {
            throw new ArgumentOutOfRangeException(nameof(limit), limit, $"limit must be 1 to {JournalLimits.ListMax}");
        }
    }

    /// <summary>A hole in a stored history is damage; state must not be rebuilt over it.</summary>
    public static void Follows(string stream, long before, long version)
    {
        if (version != before + 1)
        {
            throw new InvalidDataException($"stream \"{stream}\" is damaged: version {version} follows version {before}");
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
