using System.Buffers;
using System.Security.Cryptography;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Copies;

/// <summary>Copies blobs by their digests: what is there is not copied again, what is damaged is not copied at all.</summary>
internal static class BlobCopies
{
    private const int BufferBytes = 1 << 20;

    /// <summary>How many blobs of <paramref name="from"/> are in <paramref name="to"/> afterwards, and their bytes.</summary>
    public static (long Count, long Bytes) Copy(string from, string to, DamageList damage, CancellationToken cancellationToken)
    {
        var (count, bytes) = (0L, 0L);
        if (!Directory.Exists(from))
        {
            return (count, bytes);
        }

        foreach (var (digest, file) in FolderBlobStore.FilesIn(from))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (CopyOne(digest, file, Path.Combine(to, digest[..2], digest[2..]), damage) is { } length)
            {
                count++;
                bytes += length;
            }
        }

        return (count, bytes);
    }

    private static long? CopyOne(string digest, string from, string to, DamageList damage)
    {
        try
        {
            if (File.Exists(to) && FolderBlobStore.DigestOf(to) == digest)
            {
                return new FileInfo(to).Length;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            var temporary = to + ".new";
            var (length, found) = CopyBytes(from, temporary);
            if (found == digest)
            {
                File.Move(temporary, to, overwrite: true);
                return length;
            }

            File.Delete(temporary);
            damage.Report(new StoredDamage("blob", digest, "", $"its bytes hash to {found}; it was not copied"));
            return null;
        }
        catch (FileNotFoundException)
        {
            // Swept while the copy ran: nothing that the database of this copy names is.
            return null;
        }
    }

    private static (long Length, string Digest) CopyBytes(string from, string to)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.SequentialScan);
            using var target = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None, 1);
            long length = 0;
            int read;
            while ((read = source.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                target.Write(buffer, 0, read);
                length += read;
            }

            RandomAccess.FlushToDisk(target.SafeFileHandle);
            return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
