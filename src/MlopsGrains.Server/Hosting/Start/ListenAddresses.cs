using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>
/// Judges the addresses that the web server really binds, whichever option, variable or file gave them: to the web server, any name but <c>localhost</c> means every address of
/// the machine.
/// </summary>
internal static partial class ListenAddresses
{
    /// <summary>Reads the address as the web server does; <see cref="Uri"/> takes more names for this machine's, such as <c>loopback</c>.</summary>
    public static bool IsLocal(string url)
    {
        try
        {
            var host = BindingAddress.Parse(url).Host;
            return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    public static bool IsLocal(EndPoint endPoint) =>
        endPoint is UnixDomainSocketEndPoint or NamedPipeEndPoint || (endPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address));

    public static string Open(string address) =>
        $"{address}, which other machines can reach, but no authentication is configured. Configure Authentication:ApiKeys or Authentication:Administrator, or listen on 127.0.0.1.";

    /// <summary>Refuses every address beyond loopback before it is bound.</summary>
    public static void StayLocal(this IWebHostBuilder web) => web.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
    {
        if (!IsLocal(listen.EndPoint))
        {
            throw new InvalidSettingsException([Open($"The server was told to listen on {listen.EndPoint} (--urls or Kestrel:Endpoints)")]);
        }
    }));

    /// <summary>Says at each start where keys and passwords would cross a network unencrypted.</summary>
    public static void WarnOfPlainHttp(this WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        foreach (var address in addresses.Where(a => a.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !IsLocal(a)))
        {
            PlainHttp(app.Logger, address);
        }
    });

    [LoggerMessage(
        LogLevel.Warning,
        "Other machines can reach {Address}, which is plain HTTP: whoever is on the way reads keys and passwords. Give the server a certificate (Kestrel:Endpoints), or let a proxy on this machine end TLS and listen on 127.0.0.1.")]
    private static partial void PlainHttp(ILogger logger, string address);
}
