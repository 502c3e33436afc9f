namespace MlopsGrains.Storage;

/// <summary>Storage does not open: what is there is not what it should be, and going on could make it worse. The message says what to do.</summary>
public sealed class StorageRefusedException(string message) : Exception(message);
