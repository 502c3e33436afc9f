namespace MlopsGrains.Storage.Writing;

/// <summary>A part of storage that the host opens before everything else and closes after everything else.</summary>
internal interface IStorageEngine
{
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Throws, saying why, when what is sent to be stored now would be refused.</summary>
    Task CheckAsync(CancellationToken cancellationToken);

    /// <summary>Stops accepting, commits what waits, closes.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
