using System.Data.Common;
using System.Net.Sockets;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Calls;

/// <summary>Failures that say something about the platform's processes and connections, and nothing about what was asked of them.</summary>
internal static class PlatformFaults
{
    /// <summary>Whether an exception is one, or is about one.</summary>
    public static bool Is(Exception exception) => exception switch
    {
        OrleansException or TimeoutException or SocketException or DbException => true,
        MlopsException { Kind: ErrorKind.Unavailable or ErrorKind.Overloaded } => true,
        AggregateException many => many.InnerExceptions.Any(Is),
        { InnerException: { } inner } => Is(inner),
        _ => false,
    };
}
