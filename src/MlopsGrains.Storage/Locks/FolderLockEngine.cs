using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Locks;

/// <summary>Holds the data folder from before anything in it is opened until after everything is closed.</summary>
internal sealed class FolderLockEngine(string folder, string address) : IStorageEngine, IAsyncDisposable, IDisposable
{
    /// <summary>Several beats of an owner that is slow.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private FolderLock? held;

    public async Task StartAsync(CancellationToken cancellationToken) =>
        held ??= await FolderLock.TakeAsync(folder, address, Patience, Environment.MachineName, cancellationToken);

    public Task CheckAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync();

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (held is not null)
        {
            await held.DisposeAsync();
            held = null;
        }
    }
}
