using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Extensions.Options;
using Microsoft.ML;
using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Models;

/// <summary>Loads ML.NET model files. The only way to open one: ML.NET unpacks large entries to the disk, whatever their size.</summary>
public sealed class ModelFileLoader(IOptions<ModelFileOptions> options)
{
    private const int EndBytes = 22;
    private const int CommentBytesMax = ushort.MaxValue;
    private const uint EndMark = 0x06054b50;

    /// <summary>An entry's place in the list, with a long name.</summary>
    private const int EntryBytesMax = 1024;

    /// <exception cref="MlopsException">The archive has more entries, or unpacks to more bytes, than the options allow (<see cref="ErrorKind.Conflict"/>).</exception>
    public ITransformer Load(MLContext ml, Stream file, out DataViewSchema inputs)
    {
        Check(file);
        file.Position = 0;
        return ml.Model.Load(file, out inputs);
    }

    private void Check(Stream file)
    {
        // The list is read whole before anything can be asked of it, whatever number of entries its end tells, so its own length is looked at first.
        if (ListBytes(file) > (long)options.Value.EntriesMax * EntryBytesMax)
        {
            throw TooManyEntries($"a list of entries of {ListBytes(file)} bytes");
        }

        file.Position = 0;
        using var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        if (archive.Entries.Count > options.Value.EntriesMax)
        {
            throw TooManyEntries($"{archive.Entries.Count} entries");
        }

        // Unpacking stops at the length that an entry's header says, so the headers cannot say less than comes out.
        long bytes = 0;
        foreach (var entry in archive.Entries)
        {
            bytes += Math.Min(entry.Length, long.MaxValue - bytes);
            if (Path.IsPathRooted(entry.FullName) || entry.FullName.Split('/', '\\').Contains(".."))
            {
                throw MlopsException.Conflict($"The model file holds '{entry.FullName.CutTo(200)}', a name that leaves it.");
            }
        }

        if (bytes > options.Value.UnpackedBytesMax)
        {
            throw MlopsException.Conflict($"The model file unpacks to {bytes} bytes; at most {options.Value.UnpackedBytesMax} ({ModelFileOptions.Section}:{nameof(ModelFileOptions.UnpackedBytesMax)}).");
        }
    }

    private MlopsException TooManyEntries(string found) =>
        MlopsException.Conflict($"The model file has {found}; at most {options.Value.EntriesMax} entries ({ModelFileOptions.Section}:{nameof(ModelFileOptions.EntriesMax)}).");

    /// <summary>Bytes from where the record at the end of a zip says that the list of entries begins.</summary>
    private static long ListBytes(Stream file)
    {
        var tail = new byte[Math.Min(file.Length, EndBytes + CommentBytesMax)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        for (var at = tail.Length - EndBytes; at >= 0; at--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at)) == EndMark)
            {
                return file.Length - BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
            }
        }

        return 0;
    }
}
