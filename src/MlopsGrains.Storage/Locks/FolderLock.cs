using System.Globalization;
using System.Text.Json;

namespace MlopsGrains.Storage.Locks;

/// <summary>
/// One server to a data folder. The operating system holds a lock on one file and lets it go when the process ends, however it ends; a second file says who it is and beats. On a folder that
/// several machines share the lock of the file system may mean nothing to the others, so an owner of another machine counts as alive while it beats.
/// </summary>
internal sealed class FolderLock : IAsyncDisposable
{
    private const string LockFile = "server.lock";
    private const string OwnerFile = "server.json";

    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(1);

    private readonly string folder;
    private readonly FileStream held;
    private readonly CancellationTokenSource ending = new();
    private readonly Task beating;
    private FolderOwner owner;

    private FolderLock(string folder, FileStream held, FolderOwner owner)
    {
        this.folder = folder;
        this.held = held;
        this.owner = owner;
        WriteOwner();
        beating = Task.Run(BeatAsync);
    }

    /// <summary>Takes the folder.</summary>
    /// <param name="folder">Is created when it is not there.</param>
    /// <param name="address">Where this server can be reached, for whoever is refused.</param>
    /// <param name="patience">How long an owner of another machine is watched for a beat.</param>
    /// <param name="machine">This machine's name.</param>
    /// <param name="cancellationToken">Ends the watching.</param>
    /// <exception cref="StorageRefusedException">Another server has it.</exception>
    public static async Task<FolderLock> TakeAsync(string folder, string address, TimeSpan patience, string machine, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(folder);
        var held = TryLock(folder) ?? throw Taken(folder, ReadOwner(folder));
        try
        {
            if (ReadOwner(folder) is { } before && before.Machine != machine && await BeatsAsync(folder, before, patience, cancellationToken) is { } alive)
            {
                throw Taken(folder, alive);
            }

            return new FolderLock(folder, held, new FolderOwner(Environment.ProcessId, machine, address, TimeProvider.System.GetUtcNow(), 0));
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await beating;
        File.Delete(Path.Combine(folder, OwnerFile));
        await held.DisposeAsync();
        ending.Dispose();
    }

    private static FileStream? TryLock(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private static FolderOwner? ReadOwner(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<FolderOwner>(File.ReadAllBytes(Path.Combine(folder, OwnerFile)));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    private static async Task<FolderOwner?> BeatsAsync(string folder, FolderOwner before, TimeSpan patience, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; waited < patience; waited += BeatEvery / 2)
        {
            await Task.Delay(BeatEvery / 2, cancellationToken);
            if (ReadOwner(folder) is { } now && now != before)
            {
                return now;
            }
        }

        return null;
    }

    private static StorageRefusedException Taken(string folder, FolderOwner? owner) => new(
        $"The data folder {Path.GetFullPath(folder)} is in use by {(owner is null ? "another server" : owner)}. One server at a time may use a folder: stop that one, or give this one another --data.");

    private async Task BeatAsync()
    {
        while (!ending.IsCancellationRequested)
        {
            await Task.Delay(BeatEvery, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            owner = owner with { Beat = owner.Beat + 1 };
            WriteOwner();
        }
    }

    private void WriteOwner()
    {
        try
        {
            var path = Path.Combine(folder, OwnerFile);
            File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(owner));
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk: the lock is held all the same, and the next beat tries again.
        }
    }
}

/// <summary>Who uses a data folder.</summary>
internal sealed record FolderOwner(int Process, string Machine, string Address, DateTimeOffset Since, long Beat)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"process {Process} on {Machine}, which serves {Address} since {Since:yyyy-MM-dd HH:mm:ss}Z");
}
