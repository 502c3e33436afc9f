using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MlopsGrains.Storage.Marks;

/// <summary>What a process had acknowledged, kept beside the database where the same damage does not reach.</summary>
/// <param name="Store">Which database.</param>
/// <param name="WrittenAt">When.</param>
/// <param name="Writer">Machine and process.</param>
/// <param name="Writes">How far the versions of everything add up, where one process writes alone; -1 where several do.</param>
/// <param name="Newest">The newest acknowledged versions.</param>
/// <param name="Heads">Streams that are always kept in mind, with the digest of their newest entry.</param>
internal sealed record Mark(string Store, DateTimeOffset WrittenAt, string Writer, long Writes, IReadOnlyList<MarkedVersion> Newest, IReadOnlyList<MarkedHead> Heads)
{
    public static Mark Read(byte[] file, byte[]? key)
    {
        var end = Array.LastIndexOf(file, (byte)'\n', Math.Max(0, file.Length - 2));
        if (end < 0)
        {
            throw new InvalidDataException("it has no signature");
        }

        var mark = JsonSerializer.Deserialize<Mark>(file.AsSpan(0, end)) ?? throw new InvalidDataException("it is empty");
        var signature = Encoding.UTF8.GetString(file.AsSpan(end + 1)).Trim();
        return signature == Sign(file.AsSpan(0, end), mark.Store, key) ? mark : throw new InvalidDataException("its signature is not that of its text");
    }

    public byte[] Write(byte[]? key)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(this);
        return [.. text, (byte)'\n', .. Encoding.UTF8.GetBytes(Sign(text, Store, key)), (byte)'\n'];
    }

    /// <summary>Without a key of the operator's own, the database's id is the key: that finds accidents and mix-ups.</summary>
    private static string Sign(ReadOnlySpan<byte> text, string store, byte[]? key) => Convert.ToHexStringLower(HMACSHA256.HashData(key ?? Encoding.UTF8.GetBytes(store), text));
}

/// <param name="Name">A stream; with <paramref name="Kind"/>, a record's key.</param>
/// <param name="Version">At least this was acknowledged.</param>
/// <param name="Kind">A record's kind.</param>
internal sealed record MarkedVersion(string Name, long Version, string? Kind = null);

/// <param name="Stream">Its name.</param>
/// <param name="Version">At least this was acknowledged.</param>
/// <param name="Sha256">Of the entry of that version.</param>
internal sealed record MarkedHead(string Stream, long Version, string Sha256);
