using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;
using System.Text;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Where the tallies lie.</summary>
internal sealed class PredictionTallyOptions
{
    /// <summary>A folder that outlives the process and that other silos may share; none: what a kill loses is not known.</summary>
    public string? Folder { get; set; }
}

/// <summary>
/// How many answered rows of each deployment no monitor has counted yet, in a file that the kernel keeps when the process is killed. Whoever finds the file of a dead process knows what
/// its monitors miss. The file is locked as long as its process lives.
/// </summary>
internal sealed class PredictionTally : IDisposable
{
    private const string Suffix = ".tally";
    private const int SlotBytes = 256;
    private const int SequenceAt = 8;
    private const int SentRowsAt = 16;
    private const int AggregatorAt = 24;
    private const int AggregatorBytes = 32;
    private const int LengthAt = AggregatorAt + AggregatorBytes;
    private const int NameAt = LengthAt + sizeof(short);

    private readonly ConcurrentDictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private readonly FileStream? file;
    private readonly MemoryMappedViewAccessor? view;
    private readonly MemoryMappedFile? map;
    private int slotCount;

    private PredictionTally(FileStream? file)
    {
        this.file = file;
        if (file is not null)
        {
            map = MemoryMappedFile.CreateFromFile(file, null, PredictionAggregator.DeploymentsMax * SlotBytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor();
        }
    }

    /// <summary>Begins a tally of this process; without a folder it keeps nothing.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be.</exception>
    public static PredictionTally Open(string? folder, string id) => new(folder is null ? null : new FileStream(
        Path.Combine(Directory.CreateDirectory(folder).FullName, id + Suffix), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1));

    /// <summary>Of each deployment, what dead processes have left uncounted. Their files go when <paramref name="told"/> has returned.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="told">Gets a deployment and its rows.</param>
    public static async Task TellOfTheDead(string folder, Func<string, UncountedRows, Task> told)
    {
        foreach (var path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*" + Suffix) : [])
        {
            FileStream dead;
            try
            {
                dead = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException)
            {
                // Its process lives, or another one tells of it.
                continue;
            }

            await using (dead)
            {
                var bytes = new byte[dead.Length];
                await dead.ReadExactlyAsync(bytes);
                foreach (var (deployment, rows) in Read(bytes, Path.GetFileNameWithoutExtension(path)))
                {
                    await told(deployment, rows);
                }

                File.Delete(path);
            }
        }
    }

    /// <summary>Rows of a deployment were answered.</summary>
    public void Answered(string deployment, int rows) => Of(deployment)?.Add(rows);

    /// <summary>A delta leaves; whether it arrived is known when <see cref="Sent"/> is called.</summary>
    public void Sending(string deployment, string aggregatorId, long sequence, long rows) => Of(deployment)?.Send(aggregatorId, sequence, rows);

    /// <summary>The delta that left last has arrived.</summary>
    public void Sent(string deployment, long rows) => Of(deployment)?.Sent(rows);

    /// <summary>What became of answered rows is known otherwise.</summary>
    public void Settled(string deployment, long rows) => Of(deployment)?.Add(-rows);

    /// <summary>Removes the file when nothing is open in it.</summary>
    public void Dispose()
    {
        view?.Dispose();
        map?.Dispose();
        if (file is not null)
        {
            if (slots.Values.All(s => s.Rows == 0))
            {
                File.Delete(file.Name);
            }

            file.Dispose();
        }
    }

    private static IEnumerable<(string Deployment, UncountedRows Rows)> Read(byte[] bytes, string id)
    {
        for (var at = 0; at + SlotBytes <= bytes.Length; at += SlotBytes)
        {
            var (rows, length) = (Long(at), BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(at + LengthAt)));
            if (rows > 0 && length is > 0 and <= SlotBytes - NameAt)
            {
                var aggregator = bytes[at + AggregatorAt] == 0 ? id : Encoding.ASCII.GetString(bytes, at + AggregatorAt, AggregatorBytes);
                yield return (Encoding.UTF8.GetString(bytes, at + NameAt, length), new UncountedRows(aggregator, rows, Long(at + SequenceAt), Long(at + SentRowsAt)));
            }
        }

        long Long(int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
    }

    private Slot? Of(string deployment)
    {
        if (view is null)
        {
            return null;
        }

        if (!slots.TryGetValue(deployment, out var slot))
        {
            lock (slots)
            {
                if (!slots.TryGetValue(deployment, out slot) && slotCount < PredictionAggregator.DeploymentsMax)
                {
                    var name = Encoding.UTF8.GetBytes(deployment);
                    var at = slotCount++ * SlotBytes;
                    view.WriteArray(at + NameAt, name, 0, name.Length);
                    view.Write(at + LengthAt, (short)name.Length);
                    slot = slots[deployment] = new Slot(view, at);
                }
            }
        }

        return slot;
    }

    private sealed class Slot(MemoryMappedViewAccessor view, long at)
    {
        public long Rows { get; private set; }

        public void Add(long rows)
        {
            lock (this)
            {
                Rows += rows;
                view.Write(at, Rows);
            }
        }

        public void Send(string aggregatorId, long sequence, long rows)
        {
            lock (this)
            {
                view.WriteArray(at + AggregatorAt, Encoding.ASCII.GetBytes(aggregatorId), 0, AggregatorBytes);
                view.Write(at + SentRowsAt, rows);
                view.Write(at + SequenceAt, sequence);
            }
        }

        public void Sent(long rows)
        {
            lock (this)
            {
                view.Write(at + SequenceAt, 0L);
                Add(-rows);
            }
        }
    }
}
