using System.Net;
using System.Net.Sockets;

namespace MlopsGrains.Server.Hosting;

/// <summary>Ports for silos that nobody has to find by number: clustering publishes them.</summary>
internal static class FreePort
{
    public static int OrGiven(int port, IPAddress address)
    {
        if (port != 0)
        {
            return port;
        }

        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The given loopback address, or the same with a free port when somebody listens there already.</summary>
    public static string UrlOrFree(string url)
    {
        var uri = new Uri(url);
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, uri.Port);
            listener.Start();
            return url;
        }
        catch (SocketException)
        {
            return $"{uri.Scheme}://{uri.Host}:{OrGiven(0, IPAddress.Loopback)}";
        }
    }
}
