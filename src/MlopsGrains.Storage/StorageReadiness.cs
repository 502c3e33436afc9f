using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage;

/// <summary>Whether storage takes what is sent now.</summary>
public sealed class StorageReadiness
{
    private readonly IEnumerable<IStorageEngine> engines;

    internal StorageReadiness(IEnumerable<IStorageEngine> engines) => this.engines = engines;

    /// <summary>Asks the disks and the database; <see langword="null"/> when nothing is wrong.</summary>
    public async Task<string?> FindFaultAsync(CancellationToken cancellationToken = default)
    {
        foreach (var engine in engines)
        {
            try
            {
                await engine.CheckAsync(cancellationToken);
            }
#pragma warning disable CA1031 // Whatever it is, it is the answer.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                return e.Message;
            }
        }

        return null;
    }
}
