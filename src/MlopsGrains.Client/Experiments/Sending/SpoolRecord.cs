using System.Buffers.Binary;
using System.IO.Hashing;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>What a spooled record holds.</summary>
internal enum SpoolKind : byte
{
    /// <summary>A batch's JSON, with its producer position.</summary>
    Batch = 1,

    /// <summary>A run update's JSON.</summary>
    Update = 2,

    /// <summary>A <see cref="RunStart"/>: the run is not there before it is delivered.</summary>
    Start = 3,

    /// <summary>A <see cref="SpooledArtifact"/>, whose bytes are in a file of their own.</summary>
    Artifact = 4,
}

/// <summary>One record of a spool: little endian length, kind, CRC-32 of kind and payload, payload.</summary>
internal readonly record struct SpoolRecord(SpoolKind Kind, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Where the spool is that it was read from.</summary>
    public string? Directory { get; init; }

    public const int HeadBytes = 9;

    /// <summary>Longest payload, in bytes; a longer length is a damaged one.</summary>
    public const int PayloadBytesMax = 64 << 20;

    public byte[] ToBytes()
    {
        var bytes = new byte[HeadBytes + Payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Payload.Length);
        bytes[4] = (byte)Kind;
        Payload.Span.CopyTo(bytes.AsSpan(HeadBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5), Checksum(bytes[4], Payload.Span));
        return bytes;
    }

    /// <summary>The record at <paramref name="offset"/>, or <see langword="null"/> when no whole and sound one is there.</summary>
    public static SpoolRecord? Read(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        if (!Fill(file, head, offset))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < 0 or > PayloadBytesMax || offset + HeadBytes + length > RandomAccess.GetLength(file))
        {
            return null;
        }

        var payload = new byte[length];
        return Fill(file, payload, offset + HeadBytes) && BinaryPrimitives.ReadUInt32LittleEndian(head[5..]) == Checksum(head[4], payload)
            ? new SpoolRecord((SpoolKind)head[4], payload)
            : null;
    }

    private static uint Checksum(byte kind, ReadOnlySpan<byte> payload)
    {
        var crc = new Crc32();
        crc.Append([kind]);
        crc.Append(payload);
        return crc.GetCurrentHashAsUInt32();
    }

    private static bool Fill(Microsoft.Win32.SafeHandles.SafeFileHandle file, Span<byte> buffer, long offset)
    {
        for (var read = 0; read < buffer.Length;)
        {
            var count = RandomAccess.Read(file, buffer[read..], offset + read);
            if (count == 0)
            {
                return false;
            }

            read += count;
        }

        return true;
    }
}
