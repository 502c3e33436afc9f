using System.Security.Cryptography;

namespace MlopsGrains.Storage.Blobs;

/// <summary>
/// Blobs that come in parts. The parts wait as files of a folder of their own below the temporary one, where no blob is ever looked for; joining them writes an
/// ordinary blob. What nobody joins or drops is removed once it is stale.
/// </summary>
public sealed partial class FolderBlobStore
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    private long lastSweep;

    public async Task<BlobReference> WritePartAsync(string upload, int number, Stream content, long maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number);
        await SweepWhenDue(cancellationToken);
        var folder = OnDisk(() => Directory.CreateDirectory(PartsOf(upload)));
        var name = PartName(number);
        var others = folder.EnumerateFiles().Where(f => f.Name != name).Sum(f => f.Length);
        try
        {
            return await StoreAsync(content, Math.Max(0, maxBytes - others), (temporary, _) => File.Move(temporary, Path.Combine(folder.FullName, name), overwrite: true), cancellationToken);
        }
        catch (BlobTooLargeException)
        {
            throw new BlobTooLargeException(maxBytes);
        }
        catch (DirectoryNotFoundException)
        {
            throw new BlobPartException(number, "the upload was ended while it came");
        }
    }

    public async Task<BlobReference> JoinPartsAsync(string upload, IReadOnlyList<BlobPart> parts, long maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        await using var joined = new PartsStream(PartsOf(upload), parts);
        return await WriteAsync(joined, maxBytes, cancellationToken);
    }

    public Task DropPartsAsync(string upload, CancellationToken cancellationToken = default)
    {
        DeleteFolder(PartsOf(upload));
        return Task.CompletedTask;
    }

    /// <summary>Another process may do the same.</summary>
    private static void DeleteFolder(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
    }

    private static string PartName(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private string PartsOf(string upload)
    {
        ArgumentNullException.ThrowIfNull(upload);
        if (upload.Length != 32 || upload.AsSpan().ContainsAnyExcept(Digits))
        {
            throw new ArgumentException($"upload must be 32 lower-case hexadecimal digits, has {upload.Length} characters", nameof(upload));
        }

        return Path.Combine(root, Temporary, upload);
    }

    private async Task SweepWhenDue(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        var last = Volatile.Read(ref lastSweep);
        if (time.GetElapsedTime(last, now) >= SweepEvery && Interlocked.CompareExchange(ref lastSweep, now, last) == last)
        {
            await Task.Run(RemoveStale, cancellationToken);
        }
    }

    /// <summary>The parts one after the other; each is checked against its digest at its end.</summary>
    private sealed class PartsStream(string folder, IReadOnlyList<BlobPart> parts) : Stream
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private FileStream? file;
        private int at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (; at < parts.Count; at++)
            {
                file ??= Open(parts[at].Number);
                var read = await file.ReadAsync(buffer, cancellationToken);
                if (read > 0)
                {
                    hash.AppendData(buffer.Span[..read]);
                    return read;
                }

                await file.DisposeAsync();
                file = null;
                if (Convert.ToHexStringLower(hash.GetHashAndReset()) != parts[at].Digest)
                {
                    throw new BlobPartException(parts[at].Number, "its bytes are not those of the digest");
                }
            }

            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("parts are read asynchronously");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                hash.Dispose();
                file?.Dispose();
            }

            base.Dispose(disposing);
        }

        private FileStream Open(int number)
        {
            try
            {
                return new FileStream(Path.Combine(folder, PartName(number)), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new BlobPartException(number, "it did not arrive");
            }
        }
    }
}
