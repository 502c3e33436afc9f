using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Damage;
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

    /// <summary>Some ten megabytes of memory.</summary>
    private const int VerifiedMax = 50_000;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly FolderBlobOptions options;
    private readonly TimeProvider time;
    private readonly DamageList? damage;
    private readonly string root;

    /// <summary>Digests of blobs that were right when they were written or first read by this process.</summary>
    private readonly ConcurrentDictionary<string, byte> verified = new(StringComparer.Ordinal);

    public FolderBlobStore(FolderBlobOptions options, TimeProvider? time = null, DamageList? damage = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = options.Faults().ToArray();
        if (faults.Length > 0)
        {
            throw new OptionsValidationException(nameof(FolderBlobOptions), typeof(FolderBlobOptions), faults);
        }

        this.options = options;
        this.time = time ?? TimeProvider.System;
        this.damage = damage;
        root = Path.GetFullPath(options.Root);
    }

    /// <summary>Creates the folder and removes what interrupted writers and forgotten uploads left behind long ago.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => Task.Run(RemoveStale, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <summary>Writes a page and removes it.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken = default)
    {
        using var page = new MemoryStream(new byte[Environment.SystemPageSize]);
        await StoreAsync(page, long.MaxValue, (_, _) => { }, cancellationToken);
    }

    public async Task<BlobReference> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        var blob = await StoreAsync(content, maxBytes, (temporary, stored) => Publish(temporary, PathOf(stored.Digest)), cancellationToken);
        Remember(blob.Digest);
        return blob;
    }

    public async Task<Stream?> OpenReadAsync(string digest, CancellationToken cancellationToken = default)
    {
        if (Open(PathOf(digest)) is not { } file)
        {
            return null;
        }

        var content = new VerifyingStream(file, digest, found => Damaged(digest, found));
        if (verified.ContainsKey(digest))
        {
            return content;
        }

        try
        {
            await OnDiskAsync(new ValueTask(content.CopyToAsync(Stream.Null, BufferBytes, cancellationToken)));
            Remember(digest);
            content.Position = 0;
            return content;
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }
    }

    public async Task<bool> ExistsAsync(string digest, CancellationToken cancellationToken = default)
    {
        await using var file = Open(PathOf(digest));
        return file is not null;
    }

    private FileStream? Open(string path)
    {
        try
        {
            return OnDisk(() =>
            {
                Touch(path);
                return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
            });
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private void Remember(string digest)
    {
        if (verified.Count >= VerifiedMax)
        {
            verified.Clear();
        }

        verified[digest] = 0;
    }

    private StoredDamageException Damaged(string digest, string found)
    {
        verified.TryRemove(digest, out _);
        var damaged = new StoredDamage("blob", digest, "", $"its bytes hash to {found}");
        damage?.Report(damaged);
        return new StoredDamageException(damaged);
    }

    private static void OnDisk(Action act) => OnDisk(() =>
    {
        act();
        return true;
    });

    /// <summary>Tells what the disk refuses from what the caller's stream does and from files that are not there.</summary>
    private static T OnDisk<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not FileNotFoundException and not DirectoryNotFoundException))
        {
            throw new BlobsUnavailableException(e);
        }
    }

    private static async Task OnDiskAsync(ValueTask act)
    {
        try
        {
            await act;
        }
        catch (IOException e)
        {
            throw new BlobsUnavailableException(e);
        }
    }

    /// <summary>Writes and syncs a temporary file, which <paramref name="publish"/> moves where it belongs; it is gone afterwards in any case.</summary>
    private async Task<BlobReference> StoreAsync(Stream content, long maxBytes, Action<string, BlobReference> publish, CancellationToken cancellationToken)
    {
        OnDisk(() => Directory.CreateDirectory(Path.Combine(root, Temporary)));
        var temporary = Path.Combine(root, Temporary, $"{Guid.NewGuid():N}.part");
        try
        {
            var stored = await CopyAsync(content, temporary, maxBytes, cancellationToken);
            OnDisk(() => publish(temporary, stored));
            return stored;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<BlobReference> CopyAsync(Stream content, string path, long maxBytes, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var file = OnDisk(() => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous));
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
                await OnDiskAsync(file.WriteAsync(buffer.AsMemory(0, read), cancellationToken));
            }

            // Syncing blocks; a slow disk must not hold the caller's thread.
            await OnDiskAsync(new ValueTask(Task.Run(() => RandomAccess.FlushToDisk(file.SafeFileHandle), CancellationToken.None)));
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
