using MlopsGrains.Storage.Locks;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Locks;

/// <summary>Real processes are tried in the end-to-end tests; here are the folders that several machines share.</summary>
public sealed class FolderLockTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Second_IsRefused_AndHearsWhoTheFirstIs()
    {
        await using (await FolderLock.TakeAsync(directory.Path, "http://127.0.0.1:5080", Patience, "one", Token))
        {
            var refused = await Assert.ThrowsAsync<StorageRefusedException>(() => FolderLock.TakeAsync(directory.Path, "http://127.0.0.1:5081", Patience, "one", Token));

            Assert.Contains($"process {Environment.ProcessId} on one, which serves http://127.0.0.1:5080", refused.Message, StringComparison.Ordinal);
        }

        await using var after = await FolderLock.TakeAsync(directory.Path, "http://127.0.0.1:5081", Patience, "two", Token);
    }

    [Fact]
    public async Task OwnerOfAnotherMachineThatBeats_IsRespected_EvenWhereLocksMeanNothing()
    {
        await using var first = await FolderLock.TakeAsync(directory.File("first"), "http://one:5080", Patience, "one", Token);
        using var copying = new CancellationTokenSource();

        // A folder whose file system does not carry locks: the other machine's beats are all that is seen of it.
        Directory.CreateDirectory(directory.File("second"));
        var beats = Task.Run(async () =>
        {
            while (!copying.IsCancellationRequested)
            {
                File.Copy(directory.File("first/server.json"), directory.File("copy.json"), overwrite: true);
                File.Move(directory.File("copy.json"), directory.File("second/server.json"), overwrite: true); // Never half a file, as the owner writes it.
                await Task.Delay(100, CancellationToken.None);
            }
        }, Token);
        await Eventually.Async(() => File.Exists(directory.File("second/server.json")), cancellationToken: Token);

        var refused = await Assert.ThrowsAsync<StorageRefusedException>(() => FolderLock.TakeAsync(directory.File("second"), "http://two:5080", Patience, "two", Token));

        Assert.Contains("on one, which serves http://one:5080", refused.Message, StringComparison.Ordinal);
        await copying.CancelAsync();
        await beats;
        await using var after = await FolderLock.TakeAsync(directory.File("second"), "http://two:5080", Patience, "two", Token);
    }
}
