using System.Net;
using System.Net.Sockets;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>Looks at what a start needs of the machine before anything is begun: folders to write in and ports to listen on.</summary>
internal static class StartChecks
{
    public static IEnumerable<string> Faults(ServerSettings settings)
    {
        var folders = settings.Storage == StorageEngine.Postgres ? [("--blobs", settings.BlobDirectoryOrDefault)]
            : new[] { ("--data", settings.DataDirectory), ("--blobs", settings.BlobDirectoryOrDefault) };
        foreach (var (option, folder) in folders)
        {
            if (FolderFault(option, folder) is { } fault)
            {
                yield return fault;
                break; // One below the other has the same fault.
            }
        }

        foreach (var url in settings.Addresses)
        {
            if (UrlFault(url) is { } fault)
            {
                yield return fault;
            }
        }

        foreach (var (option, port) in new[] { ("--silo-port", settings.SiloPort), ("--gateway-port", settings.GatewayPort) })
        {
            if (port > 0 && settings.Role != ServerRole.Gateway && PortFault(settings.AdvertisedAddress, port) is { } reason)
            {
                yield return $"{option} is {port}: {reason}.";
            }
        }
    }

    private static string? FolderFault(string option, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.Create(Path.Combine(folder, $".write-test-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose).Dispose();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{option} is '{folder}', where this user cannot write: {e.Message.TrimEnd('.')}. Choose another folder, or give the user the right to write there.";
        }
    }

    private static string? UrlFault(string url)
    {
        var uri = new Uri(url);
        if (uri.Port == 0)
        {
            return null;
        }

        var address = ListenAddresses.IsLocal(url) ? IPAddress.Loopback : IPAddress.TryParse(uri.Host.Trim('[', ']'), out var given) ? given : IPAddress.Any;
        return PortFault(address, uri.Port) is { } reason ? $"--urls holds '{url}': {reason}." : null;
    }

    private static string? PortFault(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"another program listens on port {port} already. Stop it, or choose another port (0 picks a free one)",
                SocketError.AccessDenied => $"this user may not listen on port {port}. Choose one above 1023",
                SocketError.AddressNotAvailable => $"{address} is not an address of this machine",
                _ => e.Message.TrimEnd('.'),
            };
        }
    }
}
