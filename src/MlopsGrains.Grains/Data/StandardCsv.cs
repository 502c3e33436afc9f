using System.IO.Pipelines;
using System.Text;
using MlopsGrains.Blobs;

namespace MlopsGrains.Grains.Data;

/// <summary>Writes a CSV of any dialect in the standard one, cell for cell, in constant memory.</summary>
internal static class StandardCsv
{
    /// <summary>One byte of a code page may be three of UTF-8, and a cell may need quotes.</summary>
    private const int GrowthMax = 4;

    public static async Task<BlobRef> Write(Stream content, CsvDialect dialect, IBlobs blobs, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var writing = Task.Factory.StartNew(
            () => Copy(content, dialect, pipe.Writer, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        try
        {
            return await blobs.WriteAsync(pipe.Reader.AsStream(), (content.Length * GrowthMax) + (1 << 20), cancellationToken);
        }
        finally
        {
            await pipe.Reader.CompleteAsync();
            await writing;
        }
    }

    private static void Copy(Stream content, CsvDialect dialect, PipeWriter output, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = CsvReader.Open(content, dialect, leaveOpen: true);
            using var text = new StreamWriter(output.AsStream(leaveOpen: true), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 64 * 1024);
            var writer = new CsvWriter(text);
            writer.WriteRow(reader.Columns);
            while (reader.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                writer.WriteRow(reader);
            }
        }
#pragma warning disable CA1031 // It goes to whoever reads the other end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            output.Complete(e);
            return;
        }

        output.Complete();
    }
}
