using System.Security.Cryptography;

namespace MlopsGrains.Storage.Blobs;

/// <summary>
/// Removal. A blob's file time says when it was last stored or, to the hour, opened: whoever is about to refer to a blob does one of the two before. A file is
/// first set aside under another name and only then judged by its time, so that a touch between the look and the removal is seen, or its caller sees no file.
/// </summary>
public sealed partial class FolderBlobStore
{
    /// <summary>How much older than its last use a blob may look.</summary>
    public static readonly TimeSpan TouchEvery = TimeSpan.FromHours(1);

    private const string Aside = ".aside";

    /// <summary>Digests of stored blobs in order, after one.</summary>
    internal IEnumerable<string> List(string after) =>
        Files().Select(file => file.Directory!.Name + file.Name).Where(digest => string.CompareOrdinal(digest, after) > 0);

    /// <summary>The bytes of every blob of at most <paramref name="bytesMax"/> bytes.</summary>
    internal IEnumerable<ReadOnlyMemory<byte>> ReadSmall(int bytesMax)
    {
        foreach (var file in Files().Where(file => file.Length <= bytesMax))
        {
            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(file.FullName);
            }
            catch (FileNotFoundException)
            {
                continue;
            }

            yield return bytes;
        }
    }

    /// <summary>Removes those that were neither stored nor opened since. One that is gone already, because a crash cut off its removal, counts.</summary>
    internal RemovedBlobs Remove(IEnumerable<string> digests, DateTimeOffset untouchedSince, CancellationToken cancellationToken)
    {
        var removed = new RemovedBlobs(0, 0);
        var folders = new HashSet<string>(StringComparer.Ordinal);
        Directory.CreateDirectory(Path.Combine(root, Temporary));
        foreach (var digest in digests)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = PathOf(digest);
            var aside = Path.Combine(root, Temporary, digest + Aside);
            if (!File.Exists(path))
            {
                removed = removed with { Count = removed.Count + 1 };
                continue;
            }

            if (File.GetLastWriteTimeUtc(path) >= untouchedSince)
            {
                continue;
            }

            try
            {
                File.Move(path, aside, overwrite: true);
                var file = new FileInfo(aside);
                var length = file.Length;
                if (file.LastWriteTimeUtc >= untouchedSince)
                {
                    Restore(aside, path);
                    continue;
                }

                file.Delete();
                removed = new RemovedBlobs(removed.Count + 1, removed.Bytes + length);
                folders.Add(Path.GetDirectoryName(path)!);
            }
            catch (FileNotFoundException)
            {
                // Another process was faster, in either direction.
            }
        }

        foreach (var folder in folders)
        {
            FolderSync.Sync(folder);
        }

        return removed;
    }

    /// <summary>When it is stored anew meanwhile, that one stays.</summary>
    private static void Restore(string aside, string path)
    {
        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (FileNotFoundException)
        {
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
    }

    /// <summary>Digest and file of every blob below a folder, in the order of the digests.</summary>
    internal static IEnumerable<(string Digest, string File)> FilesIn(string folder) => Files(folder).Select(file => (file.Directory!.Name + file.Name, file.FullName));

    internal static string DigestOf(string file)
    {
        using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    private IEnumerable<FileInfo> Files() => Files(root);

    private static IEnumerable<FileInfo> Files(string folder) => new DirectoryInfo(folder)
        .EnumerateDirectories("??").Where(pair => !pair.Name.AsSpan().ContainsAnyExcept(Digits)).OrderBy(pair => pair.Name, StringComparer.Ordinal)
        .SelectMany(pair => pair.EnumerateFiles().Where(file => file.Name.Length == 62 && !file.Name.AsSpan().ContainsAnyExcept(Digits)).OrderBy(file => file.Name, StringComparer.Ordinal));

    private void Touch(string path)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (now - File.GetLastWriteTimeUtc(path) < TouchEvery)
        {
            return;
        }

        try
        {
            File.SetLastWriteTimeUtc(path, now);
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's file, or a folder that this process may only read: reading must go on.
        }
    }
}

/// <summary>What was removed: how many blobs, and the bytes that this freed.</summary>
public sealed record RemovedBlobs(int Count, long Bytes);
