using System.Buffers.Binary;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>
/// Looks at a write-ahead log before SQLite does. SQLite takes a log up to the first frame that is not right and drops the rest, as is right after a crash in the middle of a write;
/// it does the same, and says nothing, when a bit has flipped in the middle.
/// </summary>
internal static class WalScan
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;

    /// <summary>
    /// The number of the frame that is not right when whole transactions follow it, from 1; nothing when the log ends as a crash may end it. Looks twice, because a frame may be being
    /// written.
    /// </summary>
    public static long? FindDamage(string path) => Find(path) is { } frame && Find(path) == frame ? frame : null;

    private static long? Find(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 20);
        var header = new byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return null;
        }

        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var pageBytes = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(8));
        if ((magic & ~1u) != 0x377f0682 || pageBytes is < 512 or > 65536)
        {
            return file.Length > HeaderBytes ? 1 : null;
        }

        var sum = new Sum((magic & 1) == 1);
        sum.Add(header.AsSpan(0, 24));
        if (!sum.Is(header.AsSpan(24)))
        {
            return file.Length > HeaderBytes ? 1 : null;
        }

        var frame = new byte[FrameHeaderBytes + pageBytes];
        long? wrong = null;
        for (var number = 1L; file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            var isOfThisLog = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(16, 8));
            if (wrong is { } first)
            {
                if (isOfThisLog && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0)
                {
                    return first;
                }

                continue;
            }

            sum.Add(frame.AsSpan(0, 8));
            sum.Add(frame.AsSpan(FrameHeaderBytes));
            if (!isOfThisLog || !sum.Is(frame.AsSpan(16)))
            {
                wrong = number;
            }
        }

        return null;
    }

    /// <summary>SQLite's own checksum of its log, from frame to frame.</summary>
    private sealed class Sum(bool bigEndian)
    {
        private uint s0;
        private uint s1;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            for (var i = 0; i < bytes.Length; i += 8)
            {
                unchecked
                {
                    s0 += Word(bytes[i..]) + s1;
                    s1 += Word(bytes[(i + 4)..]) + s0;
                }
            }
        }

        public bool Is(ReadOnlySpan<byte> stored) => BinaryPrimitives.ReadUInt32BigEndian(stored) == s0 && BinaryPrimitives.ReadUInt32BigEndian(stored[4..]) == s1;

        private uint Word(ReadOnlySpan<byte> bytes) => bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
