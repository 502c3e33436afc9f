using System.Data.Common;
using System.Net.Sockets;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage;

/// <summary>Tells what a database or disk says that is away, full or slow from what will be wrong the next time too.</summary>
public static class PassingFault
{
    /// <summary>Whether the same may succeed later.</summary>
    public static bool Is(Exception exception) => exception is JournalUnavailableException or DbException or TimeoutException or IOException or SocketException;
}
