using System.Net;
using Orleans.Connections.Security;

namespace MlopsGrains.Server.Hosting.Cluster;

/// <summary>Orleans' ports in a cluster: whoever could speak on them could call every grain past the gateway's locks, so both ends of every connection prove who they are.</summary>
internal static partial class ClusterTls
{
    /// <summary>What is wrong with how a process of a cluster would be reached; nothing for one that opens no ports.</summary>
    public static IEnumerable<string> Faults(ServerSettings settings, ClusterSecurityOptions security)
    {
        foreach (var fault in security.Faults())
        {
            yield return fault;
        }

        if (settings.Role == ServerRole.Silo && !IPAddress.IsLoopback(settings.AdvertisedAddress) && !security.IsConfigured)
        {
            yield return $"--advertise is {settings.AdvertisedAddress}, where other machines reach the silo's ports, but the cluster has neither a secret nor certificates. "
                + $"Set {ClusterSecurityOptions.Section}:Secret (MLOPS_{ClusterSecurityOptions.Section}__Secret), the same for every silo and gateway, or {ClusterSecurityOptions.Section}:Certificate and Authority.";
        }
    }

    public static void AddSecurity(this ISiloBuilder silo, ClusterIdentity? identity)
    {
        if (identity is not null)
        {
            silo.UseTls(tls => Configure(tls, identity));
        }
    }

    public static void AddSecurity(this IClientBuilder client, ClusterIdentity? identity)
    {
        if (identity is not null)
        {
            client.UseTls(tls => Configure(tls, identity));
        }
    }

    /// <summary>Said at each start of a silo that only its own machine reaches.</summary>
    public static void WarnOfOpenPorts(this WebApplication app) => OpenPorts(app.Logger);

    private static void Configure(TlsOptions tls, ClusterIdentity identity)
    {
        tls.LocalCertificate = identity.Certificate;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, _, _) => identity.IsMember(certificate);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = "mlopsgrains";
    }

    [LoggerMessage(
        LogLevel.Warning,
        "The cluster has neither a secret nor certificates: every program of this machine can call every grain by the silo's ports. Set ClusterSecurity:Secret (MLOPS_ClusterSecurity__Secret), the same for every silo and gateway.")]
    private static partial void OpenPorts(ILogger logger);
}
