namespace MlopsGrains.Storage.Journals;

/// <summary>
/// The database did not take the write: disk full, I/O error, locked or unreachable for too long. The message says whether
/// the outcome is known. The journal goes on: a later call may succeed.
/// </summary>
public sealed class JournalUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
