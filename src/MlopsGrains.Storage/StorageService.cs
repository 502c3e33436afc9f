using Microsoft.Extensions.Hosting;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage;

/// <summary>Opens storage before the host's services start and closes it after they have stopped, so that their last writes are still taken.</summary>
internal sealed class StorageService(IEnumerable<IStorageEngine> engines) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var engine in engines)
        {
            await engine.StartAsync(cancellationToken);
        }
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        foreach (var engine in engines.Reverse())
        {
            await engine.StopAsync(cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
