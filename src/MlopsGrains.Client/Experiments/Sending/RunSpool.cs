using System.Globalization;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>
/// The batches of one producer that wait on disk, in order: append-only segments in a directory of their own. A record is there when it has been fsynced. Only
/// whoever holds the lock file beside the directory may touch it, so two processes never deliver at once, and the lock of a killed process is free at once.
/// A segment that was read to its end is deleted; after a crash it is read again from its beginning, and the platform knows which numbers it has.
/// Safe for one thread that appends and one that reads.
/// </summary>
internal sealed class RunSpool : IDisposable
{
    private const long SegmentBytes = 16 << 20;
    private const int CopyBytes = 128 * 1024;

    private readonly string directory;
    private readonly SpoolBudget budget;
    private readonly FileStream held;
    private readonly Lock sync = new();
    private readonly LinkedList<Segment> segments = [];
    private long readAt;
    private int next = 1;
    private long records;
    private bool isDisposed;

    private RunSpool(string directory, SpoolBudget budget, FileStream held)
    {
        this.directory = directory;
        this.budget = budget;
        this.held = held;
    }

    /// <summary>Records that are not delivered.</summary>
    public long Records => Interlocked.Read(ref records);

    public bool IsEmpty
    {
        get
        {
            lock (sync)
            {
                return segments.Count == 0;
            }
        }
    }

    /// <summary>A new producer's spool.</summary>
    public static RunSpool Create(string directory, SpoolBudget budget)
    {
        var held = TryLock(directory) ?? throw new IOException($"The spool '{directory}' is held by someone else.");
        Directory.CreateDirectory(directory); // After the lock, so that nobody finds it without an owner.
        return new RunSpool(directory, budget, held);
    }

    /// <summary>What an ended process left: whole records count, a torn tail is cut. <see langword="null"/> when someone holds it.</summary>
    public static RunSpool? TryRecover(string directory, SpoolBudget budget)
    {
        if (TryLock(directory) is not { } held)
        {
            return null;
        }

        var spool = new RunSpool(directory, budget, held);
        try
        {
            spool.Recover();
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Appends and fsyncs; <see langword="false"/> when the spool's bytes are used up. Throws <see cref="IOException"/> when the disk does not take it.</summary>
    public bool TryAppend(SpoolKind kind, ReadOnlyMemory<byte> payload)
    {
        var bytes = new SpoolRecord(kind, payload).ToBytes();
        if (!budget.TryTake(bytes.Length))
        {
            return false;
        }

        lock (sync)
        {
            try
            {
                ObjectDisposedException.ThrowIf(isDisposed, this);
                var segment = segments.Last?.Value is { Length: < SegmentBytes } last ? last : AddSegment();
                RandomAccess.Write(segment.File, bytes, segment.Length);
                RandomAccess.FlushToDisk(segment.File);
                segment.Length += bytes.Length;
            }
            catch
            {
                budget.Give(bytes.Length);
                throw; // What was half written is written over by the next record, or cut when the spool is recovered.
            }

            records++;
            return true;
        }
    }

    /// <summary>
    /// Keeps the rest of a stream as a file of the run; <see langword="false"/> when the spool's bytes are used up. Throws <see cref="IOException"/> when the disk
    /// does not take it.
    /// </summary>
    public async Task<bool> TryAppendArtifactAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var name = Guid.NewGuid().ToString("N") + SpooledArtifact.Extension;
        var crc = new Crc32();
        var taken = 0L;
        var kept = false;
        try
        {
            await using (var file = new FileStream(Path.Combine(directory, name), FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                var buffer = new byte[CopyBytes];
                for (int count; (count = await content.ReadAsync(buffer, cancellationToken)) > 0; taken += count)
                {
                    if (!budget.TryTake(count))
                    {
                        return false;
                    }

                    crc.Append(buffer.AsSpan(0, count));
                    await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                }

                file.Flush(flushToDisk: true);
            }

            var record = new SpooledArtifact(path, name, taken, crc.GetCurrentHashAsUInt32()).ToRecord();
            return kept = TryAppend(record.Kind, record.Payload);
        }
        finally
        {
            if (!kept)
            {
                budget.Give(taken);
                File.Delete(Path.Combine(directory, name));
            }
        }
    }

    /// <summary>The oldest record, or <see langword="null"/> when there is none.</summary>
    public SpoolRecord? Peek()
    {
        lock (sync)
        {
            while (segments.First?.Value is { } segment)
            {
                if (readAt < segment.Length && SpoolRecord.Read(segment.File, readAt) is { } record)
                {
                    return record with { Directory = directory };
                }

                Remove(segment);
            }

            return null;
        }
    }

    /// <summary>The record that was peeked at is delivered.</summary>
    public void Advance(SpoolRecord record)
    {
        lock (sync)
        {
            if (record.Kind == SpoolKind.Artifact)
            {
                Remove(SpooledArtifact.Of(record).In(directory));
            }

            readAt += SpoolRecord.HeadBytes + record.Payload.Length;
            records--;
            if (segments.First?.Value is { } segment && readAt >= segment.Length)
            {
                Remove(segment);
            }
        }
    }

    /// <summary>Gives the directory back, and removes it when nothing waits in it.</summary>
    public void Dispose()
    {
        lock (sync)
        {
            isDisposed = true;
            foreach (var segment in segments)
            {
                segment.File.Dispose();
            }

            if (segments.Count > 0)
            {
                held.Dispose();
                return;
            }

            if (Directory.Exists(directory))
            {
                Directory.Delete(directory);
            }

            held.Dispose();
            File.Delete(held.Name); // The lock of nothing: a new producer has a name of its own.
        }
    }

    private static FileStream? TryLock(string directory)
    {
        try
        {
            return new FileStream(directory + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Recover()
    {
        if (!Directory.Exists(directory))
        {
            return; // Its owner has just finished.
        }

        var artifacts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(directory, "*.spool").Order(StringComparer.Ordinal))
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            var segment = new Segment(path, file);
            while (SpoolRecord.Read(file, segment.Length) is { } record)
            {
                segment.Length += SpoolRecord.HeadBytes + record.Payload.Length;
                records++;
                if (record.Kind == SpoolKind.Artifact)
                {
                    artifacts.Add(SpooledArtifact.Of(record).In(directory));
                }
            }

            RandomAccess.SetLength(file, segment.Length);
            segments.AddLast(segment);
            next = int.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture) + 1;
            if (segment.Length == 0)
            {
                Remove(segment);
            }
        }

        foreach (var orphan in Directory.EnumerateFiles(directory, "*" + SpooledArtifact.Extension).Where(f => !artifacts.Contains(f)).ToList())
        {
            Remove(orphan); // Its process ended before the file was whole.
        }
    }

    /// <summary>One that is gone was delivered before a crash.</summary>
    private void Remove(string artifact)
    {
        var file = new FileInfo(artifact);
        if (file.Exists)
        {
            budget.Give(file.Length);
            file.Delete();
        }
    }

    private Segment AddSegment()
    {
        var path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{next++:D8}.spool"));
        var segment = new Segment(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read));
        segments.AddLast(segment);
        return segment;
    }

    private void Remove(Segment segment)
    {
        segment.File.Dispose();
        File.Delete(segment.Path);
        segments.Remove(segment);
        budget.Give(segment.Length);
        readAt = 0;
    }

    private sealed class Segment(string path, SafeFileHandle file)
    {
        public string Path { get; } = path;

        public SafeFileHandle File { get; } = file;

        public long Length { get; set; }
    }
}
