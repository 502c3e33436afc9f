using System.Net.Sockets;
using Orleans.Runtime;
using Orleans.Storage;

namespace MlopsGrains.Grains.Calls;

/// <summary>Failures that say something about the platform's processes and connections, and nothing about what was asked of them.</summary>
internal static class PlatformFaults
{
    /// <summary>Whether an exception is one. A document that was changed by another activation is none: Orleans ends the activation by it.</summary>
    public static bool Is(Exception exception) => exception switch
    {
        InconsistentStateException => false,
        OrleansException or TimeoutException or SocketException => true,
        _ => false,
    };
}
