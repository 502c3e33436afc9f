using System.Net;

namespace MlopsGrains.Client.Http;

/// <summary>
/// The proxy that the environment names. <c>NO_PROXY</c> is read as curl and most tools read it, which the runtime does not: <c>*</c> means every address, and a
/// domain covers what is below it with and without a leading dot.
/// </summary>
internal sealed class EnvironmentProxy(IWebProxy system, Func<string, string?> variable) : IWebProxy
{
    public static EnvironmentProxy Instance { get; } = new(HttpClient.DefaultProxy, Environment.GetEnvironmentVariable);

    public ICredentials? Credentials
    {
        get => system.Credentials;
        set => system.Credentials = value;
    }

    /// <summary>Connections of the client, and of what else speaks HTTP for it.</summary>
    public static SocketsHttpHandler CreateHandler() => new() { PooledConnectionLifetime = TimeSpan.FromMinutes(2), Proxy = Instance };

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : system.GetProxy(destination);

    public bool IsBypassed(Uri host) => (variable("no_proxy") ?? variable("NO_PROXY") ?? "")
        .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Any(entry => Covers(entry, host)) || system.IsBypassed(host);

    /// <summary>The proxy on the way to an address and where it comes from, for people; <see langword="null"/> when there is none.</summary>
    public string? Describe(Uri destination)
    {
        if (GetProxy(destination) is not { } proxy)
        {
            return null;
        }

        var shown = proxy.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped); // Without a password in it.
        var name = Names(destination.Scheme).FirstOrDefault(n => !string.IsNullOrEmpty(variable(n)));
        return name is null ? $"the system's proxy {shown}" : $"the proxy {shown} of {name}";
    }

    private static string[] Names(string scheme) => scheme == Uri.UriSchemeHttps
        ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        : ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

    private static bool Covers(string entry, Uri host)
    {
        if (entry == "*")
        {
            return true;
        }

        var name = entry;
        var colon = entry.LastIndexOf(':');
        if (colon > 0 && entry.IndexOf(':', StringComparison.Ordinal) == colon)
        {
            if (entry[(colon + 1)..] != host.Port.ToString(System.Globalization.CultureInfo.InvariantCulture))
            {
                return false;
            }

            name = entry[..colon];
        }

        name = name.TrimStart('*').TrimStart('.');
        var asked = host.IdnHost;
        return name.Length > 0
            && (asked.Equals(name, StringComparison.OrdinalIgnoreCase) || asked.EndsWith("." + name, StringComparison.OrdinalIgnoreCase));
    }
}
