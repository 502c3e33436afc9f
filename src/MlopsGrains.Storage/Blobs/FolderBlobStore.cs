using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Blobs;

/// <summary>
/// Blobs as files <c>ab/cdef…</c> under one folder. A blob is written to a temporary file in the same folder tree, synced, renamed to its
/// digest, and the directory synced: it is there completely and durably, or not at all.
/// </summary>
public sealed partial class FolderBlobStore : IBlobStore, IStorageEngine
{
    private const int BufferBytes = 128 * 1024;
    private const string Temporary = "tmp";

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly FolderBlobOptions options;
    private readonly TimeProvider time;
    private readonly string root;

    public FolderBlobStore(FolderBlobOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = options.Faults().ToArray();
        if (faults.Length > 0)
        {
            throw new OptionsValidationException(nameof(FolderBlobOptions), typeof(FolderBlobOptions), faults);
        }

        this.options = options;
        this.time = time ?? TimeProvider.System;
        root = Path.GetFullPath(options.Root);
    }

    /// <summary>Creates the folder and removes what interrupted writers and forgotten uploads left behind long ago.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => Task.Run(RemoveStale, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public async Task<BlobReference> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        Directory.CreateDirectory(Path.Combine(root, Temporary));
        var temporary = Path.Combine(root, Temporary, $"{Guid.NewGuid():N}.part");
        try
        {
            var blob = await CopyAsync(content, temporary, maxBytes, cancellationToken);
            Publish(temporary, PathOf(blob.Digest));
            return blob;
        }
        finally
        {
            // Gone already when it was published.
            File.Delete(temporary);
        }
    }

    public Task<Stream?> OpenReadAsync(string digest, CancellationToken cancellationToken = default)
    {
        try
        {
            var path = PathOf(digest);
            Touch(path);
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
            return Task.FromResult<Stream?>(new VerifyingStream(file, digest));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public async Task<bool> ExistsAsync(string digest, CancellationToken cancellationToken = default)
    {
        await using var content = await OpenReadAsync(digest, cancellationToken);
        return content is not null;
    }

    private static async Task<BlobReference> CopyAsync(Stream content, string path, long maxBytes, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            long length = 0;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                length += read;
                if (length > maxBytes)
                {
                    throw new BlobTooLargeException(maxBytes);
                }

                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            // Syncing blocks; a slow disk must not hold the caller's thread.
            await Task.Run(() => RandomAccess.FlushToDisk(file.SafeFileHandle), CancellationToken.None);
            return new BlobReference(Convert.ToHexStringLower(hash.GetHashAndReset()), length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Publish(string temporary, string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            FolderSync.Sync(root);
        }

        // Overwriting is right even when the blob is there: the new file has just been hashed, the old one may have been damaged since.
        File.SetLastWriteTimeUtc(temporary, time.GetUtcNow().UtcDateTime);
        File.Move(temporary, path, overwrite: true);
        FolderSync.Sync(folder);
    }

    private string PathOf(string digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        if (digest.Length != 64 || digest.AsSpan().ContainsAnyExcept(Digits))
        {
            throw new ArgumentException($"digest must be 64 lower-case hexadecimal digits, has {digest.Length} characters", nameof(digest));
        }

        return Path.Combine(root, digest[..2], digest[2..]);
    }

    private void RemoveStale()
    {
        var oldest = time.GetUtcNow() - options.StaleAfter;
        var temporary = Directory.CreateDirectory(Path.Combine(root, Temporary));
        foreach (var file in temporary.EnumerateFiles("*.part"))
        {
            if (file.LastWriteTimeUtc < oldest)
            {
                file.Delete();
            }
        }

        foreach (var file in temporary.EnumerateFiles("*" + Aside))
        {
            Restore(file.FullName, PathOf(Path.GetFileNameWithoutExtension(file.Name)));
        }

        foreach (var upload in temporary.EnumerateDirectories())
        {
            if (upload.LastWriteTimeUtc < oldest)
            {
                DeleteFolder(upload.FullName);
            }
        }
    }
}
